import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { CacheOutcomes } from '../metrics/cache-metrics.js';
import type { Principal } from './principal.js';

export interface VerifiedToken {
  readonly principal: Principal;
  /** Unix time in milliseconds. */
  readonly expiresAt: number;
}

const MAX_TOKENS = 10_000;
const MAX_AGE_MS = 60_000;

/**
 * Tokens that were verified before, so that a warm request costs one SHA-256, no signature and no pass through passport. The key is
 * the hash of the whole token; an entry expires with the token or after 60 s, and all entries when the issuer's keys or the
 * tokens of internal clients change. Failures are not cached. The metrics count access tokens only.
 */
export class TokenCache {
  private readonly tokens = new LRUCache<string, VerifiedToken & { readonly until: number }>({ max: MAX_TOKENS });

  /** `now` in milliseconds. */
  constructor(
    private readonly outcomes: CacheOutcomes,
    private readonly now: () => number = Date.now,
  ) {}

  get(token: string): Principal | null {
    const key = hash('sha256', token, 'base64');
    const entry = this.tokens.get(key);
    if (entry && this.now() < entry.until) {
      if (entry.principal.client === null) this.outcomes.hit();
      return entry.principal;
    }
    if (entry) this.tokens.delete(key);
    // Anything but a JWT can only be an internal client's.
    if (token.split('.', 4).length === 3) this.outcomes.miss();
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
