import {
  availabilityExpr,
  availabilityNowExpr,
  availabilityOver,
  BURN_WINDOWS,
  FAILURES,
  failuresExpr,
  REQUESTS,
  requestsExpr,
  SERVING,
  servingExpr,
} from './slo.ts';
import type { Windows } from './windows.ts';

export interface RecordingRule {
  readonly record: string;
  readonly expr: string;
  readonly labels: readonly string[];
  /** One sentence for docs/metrics.md. */
  readonly help: string;
}

/** In this order: a rule reads what those before it have recorded at the same time. */
export const recordingRules = (windows: Windows): readonly RecordingRule[] =>
  [
    { record: SERVING, expr: servingExpr(windows), help: 'Whether at least one verifier can be scraped and is ready.' },
    {
      record: REQUESTS,
      expr: requestsExpr(windows),
      help: 'Requests a second to the public API that were not answered with a 4xx.',
    },
    {
      record: FAILURES,
      expr: failuresExpr(windows),
      help: 'Requests a second to the public API that were answered with a 5xx.',
    },
    ...BURN_WINDOWS.map((window) => ({
      record: availabilityOver(window),
      expr: window === '5m' ? availabilityNowExpr(windows) : availabilityExpr(windows.duration(window)),
      help: `Availability of the public API over ${window}.`,
    })),
  ].map((rule) => ({ ...rule, labels: ['environment'] }));
