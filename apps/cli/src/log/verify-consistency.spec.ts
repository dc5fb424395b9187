import { beforeEach, describe, expect, it } from '@jest/globals';
import { cap } from '../cli.fixture.js';
import { cosigned, json, logDesk, testLog, tlogProof, WITNESS_KEY, type LogDesk } from './log.fixture.js';

const log = testLog();
const forked = testLog({ more: '!' });
const restored = testLog({ origin: 'log.example/cap/2' });

let desk: LogDesk;
beforeEach(async () => void (desk = await logDesk()));

type Content = string | object;

/** Exit code and failure codes. */
async function judged(older: Content, newer: Content | null, proof: Content | null) {
  const files = [await desk.put('old', older), ...(newer === null ? [] : [await desk.put('new', newer)])];
  const option = proof === null ? [] : ['--proof', await desk.put('proof', proof)];
  const { code, out, err } = await desk.log('verify-consistency', ...files, ...option, '--json');
  const { failures } = JSON.parse(out) as { failures?: { code: string }[] };
  return { code, codes: failures ? failures.map((failure) => failure.code) : [err] };
}
const FINE = { code: 0, codes: [] };

describe('cap log verify-consistency', () => {
  it('says that the one tree grew out of the other', async () => {
    const files = [await desk.put('old', log.checkpoint(3)), await desk.put('new', log.checkpoint(7))];
    const proof = ['--proof', await desk.put('proof', log.proof(3, 7))];
    const { code, out } = await desk.log('verify-consistency', ...files, ...proof);
    expect(code).toBe(0);
    expect(out).toMatch(/^ok: the tree of 7 leaves of log\.example\/cap\/1 grew out of the one of 3\n/);
    const said = JSON.parse((await desk.log('verify-consistency', ...files, ...proof, '--json')).out);
    expect(said).toMatchObject({ ok: true, old: { origin: 'log.example/cap/1', size: 3 }, new: { size: 7 } });
  });

  it('takes checkpoints from receipts and answers, and the new one from the proof', async () => {
    const forms: Content[] = [json(log.receipt(1, 3)), tlogProof(log.receipt(1, 3)), { checkpoint: log.checkpoint(3) }];
    for (const older of forms) expect(await judged(older, null, log.proof(3, 7))).toEqual(FINE);
    expect(await judged(log.checkpoint(3), json(log.receipt(5, 7)), log.proof(3, 7))).toEqual(FINE);
  });

  it('needs no proof for two checkpoints of one tree', async () => {
    expect(await judged(log.checkpoint(7), cosigned(log.checkpoint(7)), null)).toEqual(FINE);
    for (const [newer, words] of [
      [log.checkpoint(7), /grew from 3 to 7 leaves: --proof is required/],
      [null, /--proof with one, is required/],
    ] as const)
      expect(await judged(log.checkpoint(3), newer, null)).toEqual({
        code: 64,
        codes: [expect.stringMatching(words)],
      });
  });

  it.each<[string, [Content, Content | null, Content], string[]]>([
    ['a tree that is not the old one, grown', [forked.checkpoint(3), null, log.proof(3, 7)], ['consistency.proof']],
    ['the proof of other sizes', [log.checkpoint(3), log.checkpoint(7), log.proof(4, 7)], ['consistency.proof']],
    ['the proof of another tree', [log.checkpoint(3), log.checkpoint(7), forked.proof(3, 7)], ['consistency.proof']],
    ['a tree that shrank', [log.checkpoint(7), log.checkpoint(3), log.proof(3, 7)], ['consistency.size']],
    ['two trees of one size', [log.checkpoint(7), forked.checkpoint(7), log.proof(7, 7)], ['consistency.fork']],
    ['two epochs', [log.checkpoint(3), restored.checkpoint(7), log.proof(3, 7)], ['consistency.origin']],
    [
      'a changed checkpoint',
      [log.checkpoint(3).replace('\n3\n', '\n4\n'), null, log.proof(4, 7)],
      ['checkpoint.signature', 'consistency.proof'],
    ],
    [
      'a log that nobody trusts',
      [testLog({ origin: 'x/1' }).checkpoint(3), null, testLog({ origin: 'x/1' }).proof(3, 7)],
      ['checkpoint.log-unknown', 'checkpoint.log-unknown'],
    ],
  ])('finds %s: exit 2', async (_, [older, newer, proof], codes) => {
    expect(await judged(older, newer, proof)).toEqual({ code: 2, codes });
  });

  it('explains two epochs', async () => {
    const files = [await desk.put('old', log.checkpoint(3)), await desk.put('new', restored.checkpoint(7))];
    const { code, out } = await desk.log('verify-consistency', ...files);
    expect(code).toBe(2);
    expect(out).toContain('restored from a backup');
  });

  it('asks for the witnesses of trust.json, under both', async () => {
    await cap(['trust', 'add', desk.at('trust.json'), '--witness-key', WITNESS_KEY, '--witness-threshold', '1']);
    const [three, seven] = [log.checkpoint(3), log.checkpoint(7)];
    expect(await judged(cosigned(three), cosigned(seven), log.proof(3, 7))).toEqual(FINE);
    expect(await judged(three, seven, log.proof(3, 7))).toEqual({
      code: 2,
      codes: ['checkpoint.witnesses', 'checkpoint.witnesses'],
    });
  });

  it('says 65 for what is malformed, 66 for no file, 64 for two inputs from stdin', async () => {
    expect((await judged(log.checkpoint(3), null, log.checkpoint(7))).code).toBe(65);
    expect((await judged(log.checkpoint(3), null, { ...log.proof(3, 7), to: 8 })).codes).toEqual([
      expect.stringMatching(/consistency\.malformed: .*proof: consistency proof: to is 8/),
    ]);
    expect((await judged('log.example/cap/1\n', null, log.proof(3, 7))).code).toBe(65);
    expect((await desk.log('verify-consistency', desk.at('none'), '--proof', 'x')).code).toBe(66);
    expect((await desk.log('verify-consistency', '-', '-')).code).toBe(64);
  });
});
