import { beforeEach, describe, expect, it } from '@jest/globals';
import { forgettingAfter, Remembered } from './remembered.js';

let asked = 0;
beforeEach(() => void (asked = 0));
const ask = async () => ({ answer: ++asked });
const make = (cache_enabled = true) =>
  new Remembered<{ answer: number }>('test', { cache_enabled, cache_ttl_seconds: 60 });

describe('what the registry said', () => {
  it('is kept by name, unless nothing is to be kept', async () => {
    const kept = make();
    expect([await kept.get('a', ask), await kept.get('a', ask), await kept.get('b', ask)]).toEqual([
      { answer: 1 },
      { answer: 1 },
      { answer: 2 },
    ]);
    const never = make(false);
    expect([await never.get('a', ask), await never.get('a', ask)]).toEqual([{ answer: 3 }, { answer: 4 }]);
  });

  it('is asked again when it was not there, and when asking failed', async () => {
    const remembered = make();
    expect(await remembered.get('a', async () => null)).toBeNull();
    await expect(remembered.get('a', () => Promise.reject(new Error('down')))).rejects.toThrow('down');
    expect(await remembered.get('a', ask)).toEqual({ answer: 1 });
  });

  it('is asked once by those who ask at the same time', async () => {
    const remembered = make();
    const answers = await Promise.all([1, 2, 3].map(() => remembered.get('a', ask)));
    expect(answers).toEqual([{ answer: 1 }, { answer: 1 }, { answer: 1 }]);
  });

  it('is asked by each for itself when nothing is to be kept', async () => {
    const never = make(false);
    const answers = await Promise.all([1, 2].map(() => never.get('a', ask)));
    expect(answers).toEqual([{ answer: 1 }, { answer: 2 }]);
  });

  it('is forgotten after a write, also one of which nobody knows whether it took place', async () => {
    const remembered = make();
    await remembered.get('a', ask);
    const { generation } = remembered;
    const lost = forgettingAfter(remembered, () => Promise.reject(new Error('the answer is lost')));
    await expect(lost).rejects.toThrow('lost');
    expect(remembered.generation).not.toBe(generation);
    expect(await remembered.get('a', ask)).toEqual({ answer: 2 });
  });

  it('is not kept when it was forgotten while it was asked', async () => {
    const remembered = make();
    const gate = Promise.withResolvers<{ answer: number }>();
    const before = remembered.get('a', () => gate.promise);
    remembered.forget();
    const after = remembered.get('a', ask);
    gate.resolve({ answer: 99 });
    expect([await before, await after]).toEqual([{ answer: 99 }, { answer: 1 }]);
    expect(await remembered.get('a', ask)).toEqual({ answer: 1 });
  });
});
