import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomInt } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import fc from 'fast-check';
import type { DataDirectory } from '../data.fixture.js';
import { dump, forgetWal, fullRegistry, LOG_KEYS } from './tampering.fixture.js';
import { verifyRegistry } from './verify-registry.js';

/** Twenty times as many in the long form; CAP_TEST_SEED makes a run again. */
const SCALE = Number(process.env.CAP_TEST_SCALE ?? 1);
const SEED = Number(process.env.CAP_TEST_SEED ?? randomInt(2 ** 31));
const FLIPS = { database: 300 * SCALE, blobs: 75 * SCALE, checkpoint: 25 * SCALE };

let place: DataDirectory;
let blobs: string[];
beforeAll(async () => {
  process.stdout.write(`bit flips: CAP_TEST_SEED=${SEED}\n`);
  const full = await fullRegistry();
  place = full.place;
  blobs = full.bundles.map((id) => place.at('blobs', id.slice(2, 4), id.slice(4, 6), id.slice(2)));
});
afterAll(() => place.remove());

const verify = () => verifyRegistry(place.directory, { logKeys: LOG_KEYS, maxFaults: 1 });

/** Flips bits of a file, one at a time, and says each time what fsck says. */
async function flipping(
  files: readonly string[],
  runs: number,
  judge: (ok: boolean, file: string) => void,
): Promise<void> {
  const kept = new Map<string, Buffer>();
  for (const file of files) kept.set(file, await readFile(file));
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...files),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      fc.nat(7),
      async (file, where, bit) => {
        const bytes = Buffer.from(kept.get(file)!);
        bytes[Math.floor(where * bytes.length)]! ^= 1 << bit;
        await forgetWal(place);
        await writeFile(file, bytes);
        try {
          judge((await verify()).ok, file);
        } finally {
          await forgetWal(place);
          await writeFile(file, kept.get(file)!);
        }
      },
    ),
    { numRuns: runs, seed: SEED, endOnFailure: true },
  );
  expect(await verify()).toMatchObject({ ok: true, faults: [] });
}

describe('one flipped bit', () => {
  it('of the database is found, or changes nothing that it says', async () => {
    const before = dump(place.at('registry.db'));
    let unseen = 0;
    await flipping([place.at('registry.db')], FLIPS.database, (ok, file) => {
      if (!ok) return;
      unseen++;
      expect(dump(file)).toBe(before);
    });
    // Free space within pages is the only place where a bit may flip unseen.
    process.stdout.write(`${unseen} of ${FLIPS.database} flips of the database changed nothing that it says\n`);
    expect(unseen).toBeLessThan(FLIPS.database);
  }, 600_000);

  it('of a BLOB is found', () => flipping(blobs, FLIPS.blobs, (ok) => expect(ok).toBe(false)), 300_000);

  it(
    'of a checkpoint is found',
    () => flipping([place.at('checkpoints', '1')], FLIPS.checkpoint, (ok) => expect(ok).toBe(false)),
    300_000,
  );
});
