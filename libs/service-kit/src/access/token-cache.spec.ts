import { describe, expect, it } from '@jest/globals';
import { TokenCache } from './token-cache.js';

const verified = (expiresAt: number) => ({
  principal: { subject: 'a', scopes: new Set<string>(), client: null },
  expiresAt,
});

const cache = () => {
  const clock = { now: 1_000_000 };
  const counts = { hit: 0, miss: 0 };
  const outcomes = { hit: () => void counts.hit++, miss: () => void counts.miss++ };
  return { clock, counts, tokens: new TokenCache(outcomes, () => clock.now) };
};

describe('the token cache', () => {
  it('keeps an entry 60 s', () => {
    const { clock, counts, tokens } = cache();
    tokens.keep('a.b.c', verified(clock.now + 3_600_000));
    clock.now += 59_999;
    expect(tokens.get('a.b.c')?.subject).toBe('a');
    clock.now += 1;
    expect(tokens.get('a.b.c')).toBeNull();
    expect(counts).toEqual({ hit: 1, miss: 1 });
  });

  it('or until the token ends, if that is sooner', () => {
    const { clock, tokens } = cache();
    tokens.keep('a.b.c', verified(clock.now + 1_000));
    clock.now += 999;
    expect(tokens.get('a.b.c')).not.toBeNull();
    clock.now += 1;
    expect(tokens.get('a.b.c')).toBeNull();
  });

  it('counts nothing for what is no JWT, such as the token of an internal client', () => {
    const { counts, tokens } = cache();
    for (const token of ['client-token', 'a.b', 'a.b.c.d', '']) expect(tokens.get(token)).toBeNull();
    expect(counts).toEqual({ hit: 0, miss: 0 });
  });

  it('keeps the token of an internal client, uncounted', () => {
    const { clock, counts, tokens } = cache();
    const principal = { subject: 'worker', scopes: new Set<string>(), client: 'backup-worker' as const };
    tokens.keep('client-token', { principal, expiresAt: Infinity });
    expect(tokens.get('client-token')).toBe(principal);
    clock.now += 60_000;
    expect(tokens.get('client-token')).toBeNull();
    expect(counts).toEqual({ hit: 0, miss: 0 });
  });

  it('never takes one token for another', () => {
    const { clock, tokens } = cache();
    tokens.keep('a.b.c', verified(clock.now + 60_000));
    for (const other of ['a.b.d', 'a.b.c ', 'A.b.c', 'a.b', '__proto__', '']) expect(tokens.get(other)).toBeNull();
  });

  it('is emptied when the keys change', () => {
    const { clock, tokens } = cache();
    tokens.keep('a.b.c', verified(clock.now + 60_000));
    tokens.clear();
    expect(tokens.get('a.b.c')).toBeNull();
  });
});
