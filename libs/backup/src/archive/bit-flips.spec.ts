import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { randomInt } from 'node:crypto';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import fc from 'fast-check';
import { World } from '../backup.fixture.js';
import { createBackup } from '../create.js';
import { sidecarName } from './names.js';
import { verifyArchive } from './verify.js';

/** Twenty times as many in the long form; CAP_TEST_SEED makes a run again. */
const FLIPS = 100 * Number(process.env.CAP_TEST_SCALE ?? 1);
const SEED = Number(process.env.CAP_TEST_SEED ?? randomInt(2 ** 31));

let world: World;
let archive: string;
let sidecar: string;
beforeAll(async () => {
  process.stdout.write(`bit flips of an archive: CAP_TEST_SEED=${SEED}\n`);
  world = await World.make();
  const { name } = await world.target().withLock('test', () => createBackup(world.options()));
  await mkdir(world.at('flipped'));
  [archive, sidecar] = [name, sidecarName(name)].map((file) => world.at('flipped', file)) as [string, string];
  for (const file of [archive, sidecar]) await copyFile(world.at('backups', path.basename(file)), file);
});
afterAll(() => world.end());

const verify = () =>
  verifyArchive(archive, { signer: world.signer.kid }).then(
    () => null,
    (error: { kind?: string }) => error.kind,
  );

it('one flipped bit of an archive or of what stands beside it is found', async () => {
  const kept = new Map([
    [archive, await readFile(archive)],
    [sidecar, await readFile(sidecar)],
  ]);
  const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  const file = fc.oneof({ weight: 9, arbitrary: fc.constant(archive) }, { weight: 1, arbitrary: fc.constant(sidecar) });
  await fc.assert(
    fc.asyncProperty(file, place, fc.nat(7), async (name, where, bit) => {
      const bytes = Buffer.from(kept.get(name)!);
      bytes[Math.floor(where * bytes.length)]! ^= 1 << bit;
      await writeFile(name, bytes);
      try {
        expect(await verify()).toBe('refused');
      } finally {
        await writeFile(name, kept.get(name)!);
      }
    }),
    { numRuns: FLIPS, seed: SEED },
  );
  expect(await verify()).toBeNull();
}, 600_000);
