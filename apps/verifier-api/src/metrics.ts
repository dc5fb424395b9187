import { counter, histogram } from '@cap/service-kit';
import { type Verdict, VERDICTS } from '@cap/core';

const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Metrics of judging. Every verdict is there from the start, so that a rate over none is 0 and not absent. */
export function verdictMetrics() {
  const requests = counter({ name: 'cap_verifier_requests_total', help: 'Verdicts given', labelNames: ['result'] });
  for (const result of VERDICTS) requests.inc({ result }, 0);
  const duration = histogram({
    name: 'cap_verifier_request_duration_seconds',
    help: 'From a request for a verdict to the verdict, registration included',
    buckets: SECONDS,
  });
  const verification = histogram({
    name: 'cap_proof_verification_duration_seconds',
    help: 'Judging a bundle that was not in the cache, without waiting for a thread, by the backend of its last proof unit',
    labelNames: ['backend'],
    buckets: SECONDS,
  });
  return {
    verdict(result: Verdict, seconds: number) {
      requests.inc({ result });
      duration.observe(seconds);
    },
    verified: (backend: string, seconds: number) => verification.observe({ backend }, seconds),
  };
}
export type VerdictMetrics = ReturnType<typeof verdictMetrics>;
