import { describe, expect, it } from '@jest/globals';
import { cap } from './cli.fixture.js';
import { openInput, readInput } from './input.js';
import type { CliIo } from './io.js';

const endless = async function* () {
  for (;;) yield Buffer.alloc(1_000);
};
const IO = {
  get stdin() {
    return endless();
  },
} as unknown as CliIo;

describe('an input without end', () => {
  it.each([['verify'], ['bundle', 'verify']])('is no bundle: cap %s reads up to the limit', async (...verb) => {
    const { code, err } = await cap([...verb, '/dev/zero']);
    expect([code, err]).toEqual([65, expect.stringContaining('bundle.limit')]);
  });

  it.each(['/dev/zero', '-'])('%s is read up to the limit, whole or piece by piece', async (file) => {
    const refusal = { kind: 'input', code: 'file.limit' };
    await expect(readInput(IO, file, 100_000)).rejects.toMatchObject(refusal);
    let size = 0;
    const pieces = async () => {
      for await (const piece of await openInput(IO, file, 100_000)) size += piece.length;
    };
    await expect(pieces()).rejects.toMatchObject(refusal);
    expect(size).toBeLessThanOrEqual(100_000);
  });
});
