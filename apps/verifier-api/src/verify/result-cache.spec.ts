import { beforeEach, describe, expect, it } from '@jest/globals';
import { CacheMetrics } from '@cap/service-kit';
import { type Cacheable, ResultCache } from './result-cache.js';

interface Answer extends Cacheable {
  readonly made: number;
}

const outcomes = new CacheMetrics().outcomes('result');
let now = 0;
let made = 0;
let cache: ResultCache<Answer>;
beforeEach(() => {
  now = 0;
  made = 0;
  cache = new ResultCache(outcomes, 1_000, () => now);
});

const answer =
  (more: Partial<Cacheable> = {}) =>
  async (): Promise<Answer> => ({
    made: ++made,
    size: 10,
    keep: true,
    validUntil: null,
    premises: [],
    ...more,
  });

describe('result cache', () => {
  it('answers the same question from memory, another one not', async () => {
    expect((await cache.get('a', 'g', answer())).made).toBe(1);
    expect((await cache.get('a', 'g', answer())).made).toBe(1);
    expect((await cache.get('b', 'g', answer())).made).toBe(2);
  });

  it('forgets a verdict at the instant from which time may change it', async () => {
    await cache.get('a', 'g', answer({ validUntil: new Date(100) }));
    now = 99;
    expect((await cache.get('a', 'g', answer())).made).toBe(1);
    now = 100;
    expect((await cache.get('a', 'g', answer())).made).toBe(2);
  });

  it('asks again when a premise no longer holds, and fails when it can not be asked', async () => {
    let holds = true;
    await cache.get('a', 'g', answer({ premises: [async () => true, async () => holds] }));
    expect((await cache.get('a', 'g', answer())).made).toBe(1);
    holds = false;
    expect((await cache.get('a', 'g', answer({ premises: [() => Promise.reject(new Error('down'))] }))).made).toBe(2);
    await expect(cache.get('a', 'g', answer())).rejects.toThrow('down');
  });

  it('answers equal questions at the same time once; a failure is everybody’s and is not kept', async () => {
    const gate = Promise.withResolvers<Answer>();
    const both = [cache.get('a', 'g', () => gate.promise), cache.get('a', 'g', answer())];
    gate.reject(new Error('broken'));
    expect((await Promise.allSettled(both)).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(made).toBe(0);
    const slow = Promise.withResolvers<void>();
    const make = async () => {
      await slow.promise;
      return answer()();
    };
    const three = [cache.get('a', 'g', make), cache.get('a', 'g', make), cache.get('a', 'g', make)];
    slow.resolve();
    expect((await Promise.all(three)).map((each) => each.made)).toEqual([1, 1, 1]);
  });

  it('answers what came after an acknowledged change by no verdict that was begun before it', async () => {
    const gate = Promise.withResolvers<void>();
    const slow = async () => {
      await gate.promise;
      return answer()();
    };
    const before = cache.get('a', 'g', slow);
    const after = await cache.get('a', 'changed', answer());
    const beside = cache.get('a', 'changed', slow);
    gate.resolve();
    expect([after.made, (await before).made, (await beside).made]).toEqual([1, 2, 1]);
  });

  it('joins none that was begun so long ago that its premises need asking again', async () => {
    const gate = Promise.withResolvers<void>();
    const slow = async () => {
      await gate.promise;
      return answer()();
    };
    const first = cache.get('a', 'g', slow);
    now = 999;
    const joined = cache.get('a', 'g', answer());
    now = 1_000;
    const late = cache.get('a', 'g', answer());
    expect((await late).made).toBe(1);
    gate.resolve();
    expect((await first).made).toBe((await joined).made);
    const never = new ResultCache<Answer>(outcomes, 0, () => now);
    const two = await Promise.all([never.get('a', 'g', answer()), never.get('a', 'g', answer())]);
    expect(two[0]!.made).not.toBe(two[1]!.made);
  });

  it('gives nobody a verdict that time has changed before they came', async () => {
    const gate = Promise.withResolvers<void>();
    const first = cache.get('a', 'g', async () => {
      await gate.promise;
      return answer({ validUntil: new Date(100) })();
    });
    now = 100;
    const later = cache.get('a', 'g', answer());
    gate.resolve();
    expect([(await first).made, (await later).made]).toEqual([1, 2]);
  });

  it('keeps nothing that is not to be kept, and still gives it to those who wait', async () => {
    const gate = Promise.withResolvers<void>();
    const slow = async () => {
      await gate.promise;
      return answer({ keep: false })();
    };
    const both = [cache.get('a', 'g', slow), cache.get('a', 'g', slow)];
    gate.resolve();
    expect((await Promise.all(both)).map((each) => each.made)).toEqual([1, 1]);
    expect((await cache.get('a', 'g', answer())).made).toBe(2);
  });

  it('holds no more bytes than it may', async () => {
    for (let i = 0; i < 10; i++) await cache.get(`large ${i}`, 'g', answer({ size: 20_000_000 }));
    expect((await cache.get('large 0', 'g', answer())).made).toBe(11);
    expect((await cache.get('large 9', 'g', answer())).made).toBe(10);
  });
});
