import { type DynamicModule, Global, Injectable, Module, type Provider } from '@nestjs/common';
import {
  InjectMetric,
  makeCounterProvider,
  makeGaugeProvider,
  makeHistogramProvider,
} from '@willsoto/nestjs-prometheus';
import { type Verdict, VERDICTS } from '@cap/core';
import type { Registers } from '@cap/service-kit';
import type { Counter, Histogram } from 'prom-client';
import { ProofThreads, ProofThreadsModule } from './verify/proof-threads.js';

const REQUESTS = 'cap_verifier_requests_total';
const REQUEST_DURATION = 'cap_verifier_request_duration_seconds';
const VERIFICATION_DURATION = 'cap_proof_verification_duration_seconds';
const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Metrics of verification. */
@Injectable()
export class VerdictMetrics {
  constructor(
    @InjectMetric(REQUESTS) private readonly requests: Counter,
    @InjectMetric(REQUEST_DURATION) private readonly duration: Histogram,
    @InjectMetric(VERIFICATION_DURATION) private readonly verification: Histogram,
  ) {
    // Every verdict's counter exists from the start, so that a rate without any is 0 and not absent.
    for (const result of VERDICTS) requests.inc({ result }, 0);
  }

  verdict(result: Verdict, seconds: number): void {
    this.requests.inc({ result });
    this.duration.observe(seconds);
  }

  verified(backend: string, seconds: number): void {
    this.verification.observe({ backend }, seconds);
  }
}

const verifierMetrics = (registers: Registers): Provider[] => [
  makeCounterProvider({ name: REQUESTS, help: 'Verdicts given', labelNames: ['result'], registers }),
  makeHistogramProvider({
    name: REQUEST_DURATION,
    help: 'From a request for a verdict to the verdict, registration included',
    buckets: SECONDS,
    registers,
  }),
  makeHistogramProvider({
    name: VERIFICATION_DURATION,
    help: 'Verifying a bundle that was not in the cache, without waiting for a thread, by the backend of its last proof unit',
    labelNames: ['backend'],
    buckets: SECONDS,
    registers,
  }),
  VerdictMetrics,
  makeGaugeProvider({
    name: 'cap_proof_jobs',
    help: 'Proofs that a thread is verifying, and those that wait for one',
    labelNames: ['state'],
    registers,
    inject: [ProofThreads],
    collect({ jobs }: ProofThreads) {
      if (jobs === null) return;
      this.set({ state: 'running' }, jobs.running);
      this.set({ state: 'waiting' }, jobs.waiting);
    },
  }),
];

/** The verifier's own metrics, for `@InjectMetric` in each of its features. */
@Global()
@Module({})
export class VerifierMetricsModule {
  static register(registers: Registers): DynamicModule {
    const providers = verifierMetrics(registers);
    return { module: VerifierMetricsModule, imports: [ProofThreadsModule], providers, exports: providers };
  }
}
