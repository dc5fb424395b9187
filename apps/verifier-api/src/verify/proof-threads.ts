import { Injectable, Module, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import type { Config } from '@cap/config';
import { assertCeremony, WorkerPool } from '@cap/proof';
import type { VerificationOptions } from '@cap/verify';
import { type Requester, Readiness } from '@cap/service-kit';

/**
 * Proofs that may wait for each thread. A thread verifies 40 to 100 a second, so the last one waits for about a second:
 * a later request is served sooner by trying again than by waiting in line.
 */
const WAITING_PER_THREAD = 64;
/** With a short deadline: as many as a thread verifies in half of it, so that no proof is begun too late to be of use. */
const WAITING_PER_SECOND = 20;

/** Where one request's proofs are verified. */
export interface RequestThreads {
  readonly pool: VerificationOptions['pool'];
  /** Milliseconds in which they waited for a thread. */
  waited(): number;
}

/** Threads for zero-knowledge proofs and large disclosures, so that the main thread stays free (server.workers; 0: there are none). */
@Injectable()
export class ProofThreads implements OnModuleInit, OnApplicationShutdown {
  readonly #pool: WorkerPool | null;

  constructor(config: ConfigService<Config, true>, readiness: Readiness) {
    const { workers } = config.get('server', { infer: true });
    const verification = config.get('verification', { infer: true });
    const waiting = Math.min(WAITING_PER_THREAD, Math.ceil(WAITING_PER_SECOND * verification.timeout_seconds));
    this.#pool = workers > 0 ? new WorkerPool(workers, { waiting: workers * waiting }) : null;
    // Threads read the file when they start, which may be long after the service did.
    readiness.add('proof-parameters', () => assertCeremony());
  }

  /** Without the parameters no proof can be verified: the service does not start. */
  onModuleInit(): Promise<void> {
    return assertCeremony();
  }

  /** Proofs that threads are verifying, and those that wait for one; null without threads. */
  get jobs(): { readonly running: number; readonly waiting: number } | null {
    return this.#pool;
  }

  /** For the proofs of one request. After `signal` they are abandoned: nobody waits for them any more. */
  for(requester: Requester, signal: AbortSignal): RequestThreads {
    const pool = this.#pool;
    let waited = 0;
    if (!pool) return { pool: undefined, waited: () => waited };
    return {
      pool: {
        run(job) {
          const came = performance.now();
          return pool.run(job, {
            requester: requester.name,
            signal,
            begun: () => void (waited += performance.now() - came),
          });
        },
      },
      waited: () => waited,
    };
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#pool?.close();
  }
}

@Module({ providers: [ProofThreads], exports: [ProofThreads] })
export class ProofThreadsModule {}
