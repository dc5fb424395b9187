import { Inject, Injectable } from '@nestjs/common';
import { type Config, ConfigError } from '@cap/config';
import { type CallContext } from '@cap/contracts';
import { CapError, type JsonValue } from '@cap/core';
import { compilePolicy, lintErrors, parsePolicyText } from '@cap/policy';
import { type BackendName, backends, type Bundle } from '@cap/proof';
import {
  type TrustStore,
  verifyBundle,
  type Verification,
  type VerificationOptions,
  type VerificationSources,
  type VerifierPolicy,
} from '@cap/verify';
import { CONFIG, type Holder, ProblemError } from '@cap/service-kit';
import { ReferenceLists } from '../lists/reference-lists.js';
import { verdictMetrics } from '../metrics.js';
import { Policies } from '../policy/policies.js';
import { RegistryConnection } from '../registry/connection.js';
import { Trust } from '../trust.js';
import { type AskedBundle } from './bundles.js';
import { ProofThreads } from './proof-threads.js';
import { RegistrySources } from './registry-sources.js';
import { type Cacheable, ResultCache } from './result-cache.js';
import { type Asked, namedBackends } from './schemas.js';

/** What an entry says of a verification. The report itself is in the answer, once. */
export type Summary = Omit<Verification, 'report' | 'reportBytes' | 'sample'>;

/** A verdict and the bytes of its answer. */
export interface Judged extends Cacheable {
  readonly verification: Summary;
  /** JSON, with the report's bytes as they are. */
  readonly answer: Buffer;
}

/** The policy that a request names, and what tells it from others. */
interface NamedPolicy {
  policy: VerifierPolicy;
  key: string;
}

/** Judges bundles by this verifier's policies, lists and trust, or knows the verdict already. */
@Injectable()
export class Judge {
  readonly #accepted: 'auto' | readonly BackendName[];
  readonly #results: ResultCache<Judged>;
  readonly #metrics = verdictMetrics();

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(RegistryConnection) private readonly registry: RegistryConnection,
    @Inject(Policies) private readonly policies: Policies,
    @Inject(ReferenceLists) private readonly lists: ReferenceLists,
    @Inject(Trust) private readonly trust: Trust,
    @Inject(ProofThreads) private readonly threads: ProofThreads,
  ) {
    this.#accepted = configuredBackends(config);
    const { cache_enabled, cache_ttl_seconds } = config.policy;
    this.#results = new ResultCache(cache_enabled ? cache_ttl_seconds * 1000 : 0);
  }

  /** `holder`: whose proofs these are, where they wait for a thread. */
  async judge(bundle: AskedBundle, asked: Asked, holder: Holder, context: CallContext): Promise<Judged> {
    const options = this.#options(asked);
    // Both as they are when the request comes: what is acknowledged or reloaded meanwhile is for those that come later.
    const generation = `${this.policies.generation} ${this.lists.generation}`;
    const trust = this.trust.store;
    const named = await this.#namedPolicy(asked, context);
    const work = () =>
      this.#inTime((signal) => this.#verify(bundle, named, trust, options, { ...context, holder, signal }));
    // Whether the registry knows the bundle is asked each time; a context has no bytes to know it by.
    if (bundle.key === null || options.checkRegistry) return work();
    const { accepted, audience, nonce, at } = options;
    const key = JSON.stringify([bundle.key, named?.key, trust?.hash, accepted, audience, nonce, at]);
    return this.#results.get(key, generation, work);
  }

  #options({ backend, options }: Asked): VerificationOptions {
    const { allow_mock } = this.config.verification;
    const { check_timestamp, require_timestamp, check_registry, audience, nonce, at } = options;
    if (check_timestamp || require_timestamp)
      throw new ProblemError(
        'option.unsupported',
        'Time stamps are not built in this version: leave check_timestamp and require_timestamp out.',
      );
    return {
      accepted: narrowed(this.#accepted, namedBackends(backend)),
      allowMock: allow_mock,
      ...(check_registry && { checkRegistry: true }),
      ...(audience !== undefined && { audience }),
      ...(nonce !== undefined && { nonce }),
      ...(at !== undefined && { at }),
    };
  }

  async #namedPolicy({ policyId, policy: document }: Asked, context: CallContext): Promise<NamedPolicy | null> {
    if (document !== undefined) return givenPolicy(document);
    if (policyId === undefined) return null;
    const policy = await this.policies.named(policyId, context);
    return { policy, key: `${policy.compiled.policy_hash} ${policy.unconfirmed ? 'unconfirmed' : policy.status}` };
  }

  async #verify(
    asked: AskedBundle,
    named: NamedPolicy | null,
    trust: TrustStore | null,
    options: VerificationOptions,
    { holder, ...context }: CallContext & { holder: Holder; signal: AbortSignal },
  ): Promise<Judged> {
    const bundle = await asked.read(context);
    const { policies, lists, registry } = this;
    const sources = new RegistrySources({ policies, lists, registry }, trust, context);
    const { pool, waited } = this.threads.for(holder, context.signal);
    const started = performance.now();
    const verification = await verifyBundle(bundle, sourcesOf(sources, named, trust), {
      ...options,
      ...(pool && { pool }),
      signal: context.signal,
    });
    sources.refuse(verification.report.checks.flatMap(({ id, status }) => (status === 'fail' ? [id] : [])));
    this.#metrics.verified(backendOf(bundle), (performance.now() - started - waited()) / 1000);
    const answer = answerOf(verification);
    const { report: _report, reportBytes: _bytes, sample: _sample, ...summary } = verification;
    const { validUntil } = summary;
    // What was judged without the registry is judged again once it may be back.
    const keep = !sources.degraded;
    return { verification: summary, answer, size: answer.length, keep, validUntil, premises: sources.premises };
  }

  async #inTime<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const seconds = this.config.verification.timeout_seconds;
    const deadline = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(new ProblemError('timeout', `There was no verdict within ${seconds} seconds.`));
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

/** Compiled from its rules, so that its hash says what was judged. Throws CapError `policy.invalid`. */
function givenPolicy(document: JsonValue): NamedPolicy {
  const compiled = compilePolicy(
    typeof document === 'string' ? parsePolicyText(Buffer.from(document, 'utf8'), 'policy') : document,
  );
  const errors = lintErrors(compiled.lints);
  if (errors.length > 0)
    throw new CapError('input', 'policy.invalid', `policy: ${errors[0]!.message}`, { details: errors });
  return { policy: { compiled, status: 'active' }, key: `${compiled.policy_hash} active` };
}

const sourcesOf = (
  looking: RegistrySources,
  named: NamedPolicy | null,
  trust: TrustStore | null,
): VerificationSources => ({
  policy: named?.policy ?? null,
  trust,
  policyByHash: (hash) => looking.policyByHash(hash),
  referenceList: (hash) => looking.referenceList(hash),
  newestList: (id) => looking.newestList(id),
  registryEntry: (id) => looking.registryEntry(id),
});

/** Throws ConfigError for a backend that this version does not have. */
export function configuredBackends({ verification: { backend } }: Config): 'auto' | readonly BackendName[] {
  try {
    return namedBackends(backend);
  } catch (error) {
    throw new ConfigError([
      { source: 'configuration', key: 'verification.backend', expected: (error as Error).message },
    ]);
  }
}

/** The backends that both sides accept. */
function narrowed(
  own: 'auto' | readonly BackendName[],
  asked: 'auto' | readonly BackendName[],
): 'auto' | readonly BackendName[] {
  if (own === 'auto') return asked;
  return asked === 'auto' ? own : own.filter((name) => asked.includes(name));
}

/** Of the last proof unit, as it says itself; a name that we do not know is no label. */
function backendOf({ meta }: Bundle): string {
  const units = meta !== null && typeof meta === 'object' && !Array.isArray(meta) ? meta.proof_units : null;
  const last = Array.isArray(units) ? units.at(-1) : null;
  const name = last !== null && typeof last === 'object' && !Array.isArray(last) ? last?.backend : null;
  return backends.find((backend) => backend.name === name)?.name ?? 'other';
}

function answerOf({ result, policyHash, manifestHash, proofHash, report, reportBytes }: Verification): Buffer {
  const head = {
    result,
    policy_hash: policyHash,
    manifest_hash: manifestHash,
    proof_hash: proofHash,
    ...(report.bundle_id === null ? {} : { bundle_id: report.bundle_id }),
  };
  const text = JSON.stringify(head).slice(0, -1);
  return Buffer.concat([Buffer.from(`${text},"report":`), reportBytes, Buffer.from('}')]);
}
