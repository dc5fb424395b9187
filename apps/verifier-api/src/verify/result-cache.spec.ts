import { beforeEach, describe, expect, it } from '@jest/globals';
import { type Cacheable, ResultCache } from './result-cache.js';

interface Answer extends Cacheable {
  readonly made: number;
}

let now = 0;
let made = 0;
let cache: ResultCache<Answer>;
beforeEach(() => {
  now = 0;
  made = 0;
  cache = new ResultCache(() => now);
});

const answer =
  (more: Partial<Cacheable> = {}) =>
  async (): Promise<Answer> => ({
    made: ++made,
    size: 10,
    validUntil: null,
    premises: [],
    ...more,
  });

describe('result cache', () => {
  it('answers the same question from memory, another one not', async () => {
    expect((await cache.get('a', answer())).made).toBe(1);
    expect((await cache.get('a', answer())).made).toBe(1);
    expect((await cache.get('b', answer())).made).toBe(2);
  });

  it('forgets a verdict at the instant from which time may change it', async () => {
    await cache.get('a', answer({ validUntil: new Date(100) }));
    now = 99;
    expect((await cache.get('a', answer())).made).toBe(1);
    now = 100;
    expect((await cache.get('a', answer())).made).toBe(2);
  });

  it('asks again when a premise no longer holds, and fails when it can not be asked', async () => {
    let holds = true;
    await cache.get('a', answer({ premises: [async () => true, async () => holds] }));
    expect((await cache.get('a', answer())).made).toBe(1);
    holds = false;
    expect((await cache.get('a', answer({ premises: [() => Promise.reject(new Error('down'))] }))).made).toBe(2);
    await expect(cache.get('a', answer())).rejects.toThrow('down');
  });

  it('answers equal questions at the same time once; a failure is everybody’s and is not kept', async () => {
    const gate = Promise.withResolvers<Answer>();
    const both = [cache.get('a', () => gate.promise), cache.get('a', answer())];
    gate.reject(new Error('broken'));
    expect((await Promise.allSettled(both)).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(made).toBe(0);
    const slow = Promise.withResolvers<void>();
    const make = async () => {
      await slow.promise;
      return answer()();
    };
    const three = [cache.get('a', make), cache.get('a', make), cache.get('a', make)];
    slow.resolve();
    expect((await Promise.all(three)).map((each) => each.made)).toEqual([1, 1, 1]);
  });

  it('holds no more bytes than it may', async () => {
    for (let i = 0; i < 10; i++) await cache.get(`large ${i}`, answer({ size: 20_000_000 }));
    expect((await cache.get('large 0', answer())).made).toBe(11);
    expect((await cache.get('large 9', answer())).made).toBe(10);
  });
});
