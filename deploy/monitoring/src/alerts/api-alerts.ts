import { availabilityOver, BURNS, FAILURES, SERVING, SLO_INTERVAL } from '../slo.ts';
import { PUBLIC_ROUTE_MATCHER } from '../targets.ts';
import type { AlertRule, RuleSettings } from './alert.ts';

/** What callers of the public API notice. */
export const apiAlerts = ({ windows, thresholds }: RuleSettings): readonly AlertRule[] => {
  const budget = Number((1 - thresholds.objective).toPrecision(6));
  const over = (nominal: Parameters<typeof windows.duration>[0]) => `[${windows.duration(nominal)}]`;
  return [
    ...BURNS.map(({ factor, long, short, severity }): AlertRule => ({
      alert: 'CapErrorBudgetBurn',
      value: `(1 - ${availabilityOver(long)}) / ${budget}`,
      comparison: '>',
      threshold: factor,
      condition: `and (1 - ${availabilityOver(short)}) / ${budget} > ${factor}
and (
    sum_over_time(${FAILURES}${over(long)}) * ${windows.seconds(SLO_INTERVAL)} > ${thresholds.minFailedRequests}
  or
    count_over_time(${SERVING}${over(long)}) - sum_over_time(${SERVING}${over(long)}) > ${thresholds.minDownSamples}
)`,
      severity,
      labels: { window: long },
      summary: 'The public API in {{ $labels.environment }} fails too often',
      description: `Over the last ${long} the public API in {{ $labels.environment }} has spent its error budget {{ $value | humanize }} times as fast as the objective allows.`,
      promises: [1],
    })),
    {
      alert: 'CapVerdictsSlow',
      value: `histogram_quantile(0.95, sum by (environment, instance, le) (rate(cap_verifier_request_duration_seconds_bucket${over('10m')})))`,
      comparison: '>',
      threshold: thresholds.verdictSeconds,
      for: '10m',
      severity: 'ticket',
      summary: 'Verdicts of {{ $labels.instance }} are slow',
      description:
        'One in twenty verdicts of {{ $labels.instance }} takes longer than {{ $value | humanizeDuration }}.',
    },
    {
      alert: 'CapTokenFailures',
      value: `sum by (environment, job, instance) (rate(cap_auth_token_validation_failures_total${over('10m')}))`,
      comparison: '>',
      threshold: thresholds.tokenFailures,
      for: '5m',
      severity: 'ticket',
      summary: '{{ $labels.instance }} ({{ $labels.job }}) refuses many tokens',
      description: '{{ $labels.instance }} ({{ $labels.job }}) refuses {{ $value | humanize }} tokens a second.',
    },
    {
      alert: 'CapMostRequestsRefused',
      value: `sum by (environment) (rate(cap_http_requests_total{job="cap-verifier", ${PUBLIC_ROUTE_MATCHER}, status="401"}${over('15m')})) / sum by (environment) (rate(cap_http_requests_total{job="cap-verifier", ${PUBLIC_ROUTE_MATCHER}}${over('15m')}))`,
      comparison: '>',
      threshold: thresholds.refusedRatio,
      condition: `and sum by (environment) (increase(cap_auth_token_validation_failures_total{job="cap-verifier"}${over('15m')})) > ${thresholds.minRefusedRequests}`,
      for: '5m',
      severity: 'page',
      summary: 'The public API in {{ $labels.environment }} refuses most of its callers',
      description:
        '{{ $value | humanizePercentage }} of the requests to the public API in {{ $labels.environment }} are refused because of their token.',
    },
  ];
};
