import type { CallContext } from '@cap/contracts';
import type { Digest } from '@cap/crypto';
import type { RegistryConnection } from '@cap/service-kit';
import type { PublishedList, Verification, VerificationSources, VerifierPolicy } from '@cap/verify';
import type { TrustStore } from '@cap/verify/trust';
import type { KnownLists } from '../lists/known-lists.js';
import { type KnownPolicies, unconfirmed } from '../policy/known-policies.js';
import { unlessUnavailable } from '../registry/unless-unavailable.js';
import type { Premise } from './result-cache.js';

/**
 * The registry as a source for one verification. While it is unavailable, a verification continues if the trust store has the
 * policy and vouches for the lists: the report then warns of what could not be asked. Otherwise it ends with the registry's
 * error.
 */
export class RegistrySources implements VerificationSources {
  /** What the verdict depends on and what may change. A premise that can't be checked counts as changed. */
  readonly premises: Premise[] = [];
  /** Why the registry could not be asked; null if it could. */
  #failure: Error | null = null;

  constructor(
    private readonly from: { policies: KnownPolicies; lists: KnownLists; registry: RegistryConnection },
    readonly policy: VerifierPolicy | null,
    readonly trust: TrustStore | null,
    private readonly context: CallContext,
  ) {}

  get degraded(): boolean {
    return this.#failure !== null;
  }

  async policyByHash(hash: Digest) {
    const ask = (context: CallContext) => this.from.policies.findInRegistry(hash, context);
    const trusted = this.trust?.policy(hash);
    const fallback = trusted && (() => unconfirmed(trusted));
    const found = await this.#askOr(ask, fallback);
    this.#premise(async () => (await ask({}))?.status === found?.status);
    return found;
  }

  async referenceList(hash: Digest) {
    const ask = (context: CallContext) => this.from.lists.find(hash, context);
    // Then the bundle's own copy is used, because the trust store names its hash.
    const fallback = this.trust?.referenceList(hash) ? () => null : undefined;
    const found = await this.#askOr(ask, fallback);
    this.#premise(async () => recordOf(await ask({})) === recordOf(found));
    return found;
  }

  async newestList(id: string) {
    const ask = (context: CallContext) => this.from.lists.newestAsOf(id, context);
    const found = await this.#askOr(ask, () => undefined);
    this.#premise(async () => (await ask({})) === found);
    return found;
  }

  registryEntry(id: Digest) {
    return this.from.registry.client.findEntryOfBundle(id, this.context);
  }

  /** Throws the registry's error if the verdict blames the bundle for a list that the registry might have had. */
  throwIfListsUnavailable({ missingLists }: Pick<Verification, 'missingLists'>): void {
    if (this.#failure && missingLists.length > 0) throw this.#failure;
  }

  #askOr<T, U>(ask: (context: CallContext) => Promise<T>, fallback: (() => U) | undefined): Promise<T | U> {
    const failed = (failure: Error, instead: () => U): U => {
      this.#failure = failure;
      return instead();
    };
    return unlessUnavailable(() => ask(this.context), fallback && ((failure) => failed(failure, fallback)));
  }

  #premise(holds: Premise): void {
    this.premises.push(() => holds().catch(() => false));
  }
}

/** Everything the registry says of a list beside its content, which its hash names. */
const recordOf = (list: PublishedList | null): string => JSON.stringify(list && { ...list, list: undefined });
