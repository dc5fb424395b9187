import { beforeEach, describe, expect, it } from '@jest/globals';
import type { CallContext } from '@cap/contracts';
import { CacheMetrics } from '@cap/service-kit';
import { clearAfter, TtlCache } from './ttl-cache.js';

let asked = 0;
beforeEach(() => void (asked = 0));
const ask = async () => ({ answer: ++asked });
const make = (cache_enabled = true) =>
  new TtlCache<{ answer: number }>(new CacheMetrics().outcomes('test'), { cache_enabled, cache_ttl_seconds: 60 });

describe('an answer of the registry', () => {
  it('is kept by name, unless nothing may be kept', async () => {
    const kept = make();
    expect([await kept.get('a', {}, ask), await kept.get('a', {}, ask), await kept.get('b', {}, ask)]).toEqual([
      { answer: 1 },
      { answer: 1 },
      { answer: 2 },
    ]);
    const never = make(false);
    expect([await never.get('a', {}, ask), await never.get('a', {}, ask)]).toEqual([{ answer: 3 }, { answer: 4 }]);
  });

  it('is loaded again when nothing was found, and when loading failed', async () => {
    const cache = make();
    expect(await cache.get('a', {}, async () => null)).toBeNull();
    await expect(cache.get('a', {}, () => Promise.reject(new Error('down')))).rejects.toThrow('down');
    expect(await cache.get('a', {}, ask)).toEqual({ answer: 1 });
  });

  it('is loaded once for those who ask at the same time', async () => {
    const cache = make();
    const answers = await Promise.all([1, 2, 3].map(() => cache.get('a', {}, ask)));
    expect(answers).toEqual([{ answer: 1 }, { answer: 1 }, { answer: 1 }]);
  });

  it('comes to those who joined a caller that gave up', async () => {
    const cache = make();
    const gate = Promise.withResolvers<{ answer: number }>();
    const hasty = new AbortController();
    const load = ({ requestId, signal }: CallContext) => {
      expect(requestId).toBe('first');
      signal?.addEventListener('abort', () => gate.reject(signal.reason));
      return gate.promise;
    };
    const first = cache.get('a', { requestId: 'first', signal: hasty.signal }, load);
    const second = cache.get('a', { requestId: 'second' }, load);
    hasty.abort();
    gate.resolve({ answer: 7 });
    expect(await Promise.all([first, second])).toEqual([{ answer: 7 }, { answer: 7 }]);
  });

  it('is given up with the last who waits, and who comes then asks afresh', async () => {
    const cache = make();
    const hasty = [new AbortController(), new AbortController()];
    const hung = ({ signal }: CallContext) =>
      new Promise<null>((_, reject) => signal!.addEventListener('abort', () => reject(signal!.reason as Error)));
    const waiting = hasty.map(({ signal }) => cache.get('a', { signal }, hung));
    for (const controller of hasty) controller.abort(new Error('late'));
    const next = cache.get('a', {}, ask);
    expect(await Promise.allSettled(waiting)).toMatchObject([{ status: 'rejected' }, { status: 'rejected' }]);
    expect(await next).toEqual({ answer: 1 });
    expect(await cache.get('a', {}, ask)).toEqual({ answer: 1 });
  });

  it('is loaded for each of them when nothing may be kept', async () => {
    const never = make(false);
    const answers = await Promise.all([1, 2].map(() => never.get('a', {}, ask)));
    expect(answers).toEqual([{ answer: 1 }, { answer: 2 }]);
  });

  it('is dropped after a write, even one that may or may not have taken place', async () => {
    const cache = make();
    await cache.get('a', {}, ask);
    const { generation } = cache;
    const lost = clearAfter(cache, () => Promise.reject(new Error('the answer is lost')));
    await expect(lost).rejects.toThrow('lost');
    expect(cache.generation).not.toBe(generation);
    expect(await cache.get('a', {}, ask)).toEqual({ answer: 2 });
  });

  it('is not kept when the cache was cleared while it was loaded', async () => {
    const cache = make();
    const gate = Promise.withResolvers<{ answer: number }>();
    const before = cache.get('a', {}, () => gate.promise);
    cache.clear();
    const after = cache.get('a', {}, ask);
    gate.resolve({ answer: 99 });
    expect([await before, await after]).toEqual([{ answer: 99 }, { answer: 1 }]);
    expect(await cache.get('a', {}, ask)).toEqual({ answer: 1 });
  });
});
