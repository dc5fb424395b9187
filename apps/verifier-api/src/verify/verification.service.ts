import { Injectable } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { type Config, ConfigError } from '@cap/config';
import type { CallContext, EntryStored } from '@cap/contracts';
import { CapError, type JsonValue, type Verdict } from '@cap/core';
import { compilePolicy, lintErrors, parsePolicyText } from '@cap/policy';
import type { BackendName } from '@cap/proof';
import { CacheMetrics, RegistryConnection, type Requester } from '@cap/service-kit';
import { type Verification, verifyBundle, type VerificationOptions, type VerifierPolicy } from '@cap/verify';
import type { TrustStore } from '@cap/verify/trust';
import { KnownLists } from '../lists/known-lists.js';
import { VerdictMetrics } from '../metrics.js';
import { KnownPolicies } from '../policy/known-policies.js';
import { Trust } from '../trust/trust.js';
import { answerBytes, registeredAnswerBytes } from './answer.js';
import type { BundleRef } from './bundle-ref.js';
import { ProofThreads } from './proof-threads.js';
import { RegistrySources } from './registry-sources.js';
import { type Cacheable, ResultCache } from './result-cache.js';
import { parseBackends } from './schemas.js';
import type { VerificationRequest } from './verification-request.js';

interface CachedVerification extends Cacheable {
  readonly verification: Omit<Verification, 'report' | 'reportBytes' | 'sample'>;
  /** Includes the report. Built once, because copying it for each cached request would cost more than the rest of the request. */
  readonly answer: Buffer;
}

/** The policy that a request names, and its part of the key in the result cache. */
interface NamedPolicy {
  readonly policy: VerifierPolicy;
  readonly key: string;
}

/** Everything that one verification depends on. */
interface Inputs {
  readonly named: NamedPolicy | null;
  readonly trust: TrustStore | null;
  readonly options: VerificationOptions;
}

/** Verifies bundles by this verifier's policies, lists and trust store, unless the verdict is known already. */
@Injectable()
export class VerificationService {
  readonly #settings: Config['verification'];
  readonly #accepted: 'auto' | readonly BackendName[];
  readonly #results: ResultCache<CachedVerification>;

  constructor(
    config: ConfigService<Config, true>,
    private readonly registry: RegistryConnection,
    private readonly policies: KnownPolicies,
    private readonly lists: KnownLists,
    private readonly trust: Trust,
    private readonly threads: ProofThreads,
    private readonly metrics: VerdictMetrics,
    caches: CacheMetrics,
  ) {
    this.#settings = config.get('verification', { infer: true });
    this.#accepted = configuredBackends(this.#settings);
    const { cache_enabled, cache_ttl_seconds } = config.get('policy', { infer: true });
    this.#results = new ResultCache(caches.outcomes('result'), cache_enabled ? cache_ttl_seconds * 1000 : 0);
  }

  /** The verdict and the bytes of its answer; with `register` the entry is durable first. `requester`: whose turn its proofs take in the queue. */
  async verify(
    request: VerificationRequest,
    requester: Requester,
    context: CallContext,
  ): Promise<{ result: Verdict; answer: Buffer }> {
    const started = performance.now();
    const { verification, answer } = await this.#verification(request, requester, context);
    const registered = request.options.register ? await this.#register(request.bundle, verification, context) : null;
    const { result } = verification;
    this.metrics.verdict(result, (performance.now() - started) / 1000);
    return { result, answer: registered ? registeredAnswerBytes(answer, registered) : answer };
  }

  /** The verification, from the cache if it is there. */
  async #verification(
    request: VerificationRequest,
    requester: Requester,
    context: CallContext,
  ): Promise<CachedVerification> {
    const options = this.#options(request);
    // Read at the start: later changes affect later requests only.
    const generation = `${this.policies.generation} ${this.lists.generation}`;
    const trust = this.trust.store;
    const named = await this.#namedPolicy(request, context);
    const make = () =>
      this.#inTime((signal) => this.#run(request.bundle, { named, trust, options }, requester, { ...context, signal }));
    const { cacheKey } = request.bundle;
    // With check_registry the registry is asked each time; a bundle in context form has no bytes to be cached by.
    if (cacheKey === null || options.checkRegistry) return make();
    const { accepted, audience, nonce, at } = options;
    const key = JSON.stringify([cacheKey, named?.key, trust?.hash, accepted, audience, nonce, at]);
    return this.#results.get(key, generation, make);
  }

  async #run(
    ref: BundleRef,
    { named, trust, options }: Inputs,
    requester: Requester,
    context: CallContext & { signal: AbortSignal },
  ): Promise<CachedVerification> {
    const bundle = await ref.read(context);
    const { policies, lists, registry } = this;
    const sources = new RegistrySources({ policies, lists, registry }, named?.policy ?? null, trust, context);
    const { pool, waited } = this.threads.for(requester, context.signal);
    const started = performance.now();
    const {
      report,
      reportBytes,
      sample: _sample,
      ...verification
    } = await verifyBundle(bundle, sources, {
      ...options,
      ...(pool && { pool }),
      signal: context.signal,
    });
    sources.throwIfListsUnavailable(verification);
    this.metrics.verified(verification.backend ?? 'other', (performance.now() - started - waited()) / 1000);
    const answer = answerBytes({ ...verification, reportBytes, bundleId: report.bundle_id });
    return {
      verification,
      answer,
      size: answer.length,
      // What was verified without the registry is verified again once it may be back.
      keep: !sources.degraded,
      validUntil: verification.validUntil,
      premises: sources.premises,
    };
  }

  /** Registering the same verdict on the same bundle again returns the first entry. */
  async #register(
    bundle: BundleRef,
    verification: CachedVerification['verification'],
    context: CallContext,
  ): Promise<EntryStored> {
    await bundle.store(context);
    return this.registry.client.registerEntry(
      {
        bundle_id: bundle.id()!,
        manifest_hash: verification.manifestHash,
        proof_hash: verification.proofHash,
        policy_hash: verification.policyHash,
        result: verification.result,
        report_hash: verification.reportHash,
        signer_kid: verification.signerKid,
        company: verification.company,
      },
      context,
    );
  }

  #options({ backend, options }: VerificationRequest): VerificationOptions {
    const { allow_mock } = this.#settings;
    const { check_timestamp, require_timestamp, check_registry, audience, nonce, at } = options;
    // verifyBundle refuses them too, but a verdict from the cache never gets there, and the key does not hold them.
    if (check_timestamp || require_timestamp)
      throw new CapError(
        'option.unsupported',
        'Timestamps are not implemented in this version: omit check_timestamp and require_timestamp.',
      );
    return {
      accepted: acceptedByBoth(this.#accepted, parseBackends(backend)),
      allowMock: allow_mock,
      ...(check_registry && { checkRegistry: true }),
      ...(audience !== undefined && { audience }),
      ...(nonce !== undefined && { nonce }),
      ...(at !== undefined && { at }),
    };
  }

  async #namedPolicy(
    { policyId, policy: document }: VerificationRequest,
    context: CallContext,
  ): Promise<NamedPolicy | null> {
    if (document !== undefined) return compileDocument(document);
    if (policyId === undefined) return null;
    const policy = await this.policies.find(policyId, context);
    return { policy, key: `${policy.compiled.policy_hash} ${policy.unconfirmed ? 'unconfirmed' : policy.status}` };
  }

  async #inTime<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const seconds = this.#settings.timeout_seconds;
    const deadline = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(new CapError('timeout', `There was no verdict within ${seconds} seconds.`));
        deadline.abort();
      }, seconds * 1000);
    });
    try {
      return await Promise.race([work(deadline.signal), late]);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Compiled from its rules, so that its hash says what was verified. Throws CapError `policy.invalid`. */
function compileDocument(document: JsonValue): NamedPolicy {
  const compiled = compilePolicy(
    typeof document === 'string' ? parsePolicyText(Buffer.from(document, 'utf8'), 'policy') : document,
  );
  const errors = lintErrors(compiled.lints);
  if (errors.length > 0) throw new CapError('policy.invalid', `policy: ${errors[0]!.message}`, { details: errors });
  return { policy: { compiled, status: 'active' }, key: `${compiled.policy_hash} active` };
}

/** Throws ConfigError for a backend that this version does not have. */
function configuredBackends({ backend }: Config['verification']): 'auto' | readonly BackendName[] {
  try {
    return parseBackends(backend);
  } catch (error) {
    throw new ConfigError([
      { source: 'configuration', key: 'verification.backend', expected: (error as Error).message },
    ]);
  }
}

function acceptedByBoth(
  own: 'auto' | readonly BackendName[],
  asked: 'auto' | readonly BackendName[],
): 'auto' | readonly BackendName[] {
  if (own === 'auto') return asked;
  return asked === 'auto' ? own : own.filter((name) => asked.includes(name));
}
