/** fsck of the stores themselves, in whichever profile the tests run; its details are tested beside it. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Digest } from '@cap/crypto';
import { DataDirectory, digestOf, entryOf, pieces, policyOf, put, type WholeRegistry } from './data.fixture.js';
import { LOG, LOG_KEYS } from './fsck/tampering.fixture.js';
import { PROFILE } from './profile.fixture.js';

let place: DataDirectory;
let data: WholeRegistry;
let bundles: Digest[];
beforeEach(async () => {
  place = await DataDirectory.make();
  data = await place.open({ log: LOG });
  bundles = [];
  for (let i = 0; i < 5; i++) {
    bundles.push((await put(data, `bundle ${i}`)).blob_id);
    await data.store.registerEntry(entryOf(bundles[i]!));
  }
  await data.store.storePolicy(policyOf('lksg', '1.0.0'));
  await data.log.checkpoint();
  await data.log.close();
});
afterEach(() => place.remove());

const fsck = () => place.fsck({ logKeys: LOG_KEYS });
const UNGUARDED =
  PROFILE === 'embedded'
    ? 'DROP TRIGGER events_never_change; DROP TRIGGER events_never_go; DROP TRIGGER log_hashes_never_change; DROP TRIGGER log_hashes_never_go; PRAGMA foreign_keys = OFF;'
    : 'SET session_replication_role = replica;';

describe('fsck', () => {
  it('finds nothing wrong beside a service that writes on', async () => {
    const writing = (async () => {
      for (let i = 0; i < 20; i++) await data.store.appendEvent('backup.drill', { i });
    })();
    for (let i = 0; i < 3; i++)
      expect(await fsck()).toMatchObject({ ok: true, faults: [], entries: 5, checkpoints: 1 });
    await writing;
    expect(await fsck()).toMatchObject({ ok: true, log_size: 26, blobs: 5, signatures_checked: true });
  });

  it.each([
    ['a changed event', `UPDATE events SET ts = '2020-01-01T00:00:00.000Z' WHERE seq = 2`, 'event 2'],
    ['a missing event', `DELETE FROM events WHERE seq = 3`, 'event 3'],
    [
      'a changed hash of the tree',
      `UPDATE log_hashes SET hash = (SELECT hash FROM log_hashes WHERE position = 0) WHERE position = 2`,
      'tree hash 2',
    ],
    ['a missing hash of the tree', `DELETE FROM log_hashes WHERE position = 4`, 'tree hash 4'],
    ['a changed verdict', `UPDATE entries SET result = 'fail' WHERE log_index = 1`, 'entry '],
    ['a missing entry', `DELETE FROM entries WHERE log_index = 1`, 'event 1'],
    ['a BLOB that nobody keeps', `UPDATE blobs SET retain_until = '2030-01-01T00:00:00.000Z'`, 'database'],
    ['a changed policy', `UPDATE policies SET document = '{}'`, 'policy lksg@1.0.0'],
    ['wrong totals', `UPDATE totals SET entries = 7`, 'database'],
    [
      'a cut tail',
      `DELETE FROM policies; DELETE FROM events WHERE seq = 5; DELETE FROM log_hashes WHERE position > 7`,
      'log',
    ],
  ])('names %s', async (_what, sql, object) => {
    await place.tamper(`${UNGUARDED} ${sql}`);
    const { ok, faults } = await fsck();
    expect(ok).toBe(false);
    expect(faults[0]!.object.startsWith(object)).toBe(true);
  });

  it('names a BLOB that is gone, and counts what has no row', async () => {
    const spooled = await data['blobs'].spool(pieces('orphan'), 100);
    await spooled.publish();
    expect(await fsck()).toMatchObject({ ok: true, orphans: 1 });
    await place.lose(bundles[3]!);
    expect((await fsck()).faults).toEqual([{ object: `BLOB ${bundles[3]}`, message: 'its file is gone' }]);
  });

  it('finds a checkpoint that somebody else signed', async () => {
    const note = (await data['checkpoints'].read(1))!;
    await data['checkpoints'].write(
      1,
      note.replace(/.(=*\n)$/, (end) => (end.startsWith('A') ? 'B' : 'A') + end.slice(1)),
    );
    expect((await fsck()).faults[0]!.object).toBe('checkpoint of epoch 1');
    await data['checkpoints'].write(2, note.replace('cap/1', `cap/${digestOf('x')}`));
    expect((await fsck()).ok).toBe(false);
  });
});
