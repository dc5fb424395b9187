/** Random tests that can be run again: `CAP_TEST_SEED`; `CAP_TEST_SCALE` is 1 for a twentieth of the full count, 20 for all. */
import { randomInt } from 'node:crypto';

export const SCALE = Number(process.env.CAP_TEST_SCALE ?? 1);
export const SEED = Number(process.env.CAP_TEST_SEED ?? randomInt(2 ** 31));

/** mulberry32: small, fast, and the same everywhere. */
export function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
