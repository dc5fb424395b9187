import { Injectable } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import type { Config } from '@cap/config';
import type { CallContext, PolicyRecord } from '@cap/contracts';
import { CapError } from '@cap/core';
import { compilePolicy, policyHash } from '@cap/policy';
import type { VerifierPolicy } from '@cap/verify';
import { CacheMetrics, RegistryConnection, Reload } from '@cap/service-kit';
import { TtlCache } from '../registry/ttl-cache.js';
import { unlessUnavailable } from '../registry/unless-unavailable.js';
import { Trust } from '../trust/trust.js';

/**
 * The verifier's own policies, compiled: the registry's, else those of the trust store. A policy that was found is kept for
 * policy.cache_ttl_seconds, so a status that another instance changes counts after that time at the latest; one that was
 * not found is asked for again each time.
 */
@Injectable()
export class KnownPolicies {
  readonly #cache: TtlCache<VerifierPolicy>;

  constructor(
    config: ConfigService<Config, true>,
    private readonly registry: RegistryConnection,
    private readonly trust: Trust,
    reload: Reload,
    caches: CacheMetrics,
  ) {
    const policy = config.get('policy', { infer: true });
    this.#cache = new TtlCache(caches.outcomes('policy'), policy);
    reload.add('policies', () => this.clear());
  }

  /** The registry's policy with this policy_id, hash or id (its newest active version). */
  findInRegistry(ref: string, context: CallContext): Promise<VerifierPolicy | null> {
    return this.#cache.get(ref, context, async (shared) => {
      const record = await this.registry.client.findPolicy(ref, shared);
      return record && { compiled: compiledOf(record), status: record.status };
    });
  }

  /**
   * The policy that a caller names. Throws CapError policy.unknown if nobody has it. If the registry does not answer, the
   * trust store's counts, unconfirmed.
   */
  async find(ref: string, context: CallContext): Promise<VerifierPolicy> {
    const hash = policyHash(ref);
    const trusted = hash ? this.trust.store?.policy(hash) : null;
    const ask = () => this.findInRegistry(ref, context);
    const found = await unlessUnavailable(ask, trusted ? () => unconfirmed(trusted) : undefined);
    if (found) return found;
    if (!trusted)
      throw new CapError(
        'policy.unknown',
        `There is no policy ${ref.slice(0, 200)}, neither in the registry nor in the trust store.`,
      );
    return { compiled: trusted, status: 'active' };
  }

  /** Changes with each write that went through this instance. */
  get generation(): number {
    return this.#cache.generation;
  }

  /** After a write that went through this instance. */
  clear(): void {
    this.#cache.clear();
  }
}

/** A policy of the trust store, while the registry can't say what its status is. */
export const unconfirmed = (compiled: VerifierPolicy['compiled']): VerifierPolicy => ({
  compiled,
  status: 'active',
  unconfirmed: true,
});

/** The policy of a record, compiled here and held to the hash it is kept under. */
export function compiledOf({ document, policy_hash, policy_id }: PolicyRecord): VerifierPolicy['compiled'] {
  const compiled = compilePolicy(document, { lintMode: 'relaxed' });
  if (compiled.policy_hash !== policy_hash)
    throw new CapError(
      'registry.unavailable',
      `The registry returned another policy for ${policy_id} with ${policy_hash}.`,
    );
  return compiled;
}
