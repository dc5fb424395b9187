import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { type CacheOutcomes } from '../metrics/cache-metrics.js';
import { type Principal } from './principal.js';

export interface VerifiedToken {
  readonly principal: Principal;
  /** Unix time in milliseconds. */
  readonly expiresAt: number;
}

const MAX_TOKENS = 10_000;
const MAX_AGE_MS = 60_000;

/**
 * Tokens that were verified before, so that a warm request pays for one SHA-256 and no signature. The key is the hash of the whole
 * token; an entry ends with the token or after 60 s, and all of them when the issuer's keys change. Failures are not kept.
 */
export class TokenCache {
  private readonly tokens = new LRUCache<string, VerifiedToken & { readonly until: number }>({ max: MAX_TOKENS });

  /** `now` in milliseconds. */
  constructor(
    private readonly outcomes: CacheOutcomes,
    private readonly now: () => number = Date.now,
  ) {}

  get(token: string): Principal | null {
    // An internal client's token is no JWT: counted as a miss, each of its calls would spoil the ratio.
    if (token.split('.', 4).length !== 3) return null;
    const key = hash('sha256', token, 'base64');
    const entry = this.tokens.get(key);
    if (entry && this.now() < entry.until) {
      this.outcomes.hit();
      return entry.principal;
    }
    if (entry) this.tokens.delete(key);
    this.outcomes.miss();
    return null;
  }

  keep(token: string, verified: VerifiedToken): void {
    const until = Math.min(verified.expiresAt, this.now() + MAX_AGE_MS);
    this.tokens.set(hash('sha256', token, 'base64'), { ...verified, until });
  }

  clear(): void {
    this.tokens.clear();
  }
}
