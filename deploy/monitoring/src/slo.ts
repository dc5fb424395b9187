/**
 * The objective: the public API serves 99.9 % of what is asked of it, over 30 days.
 *
 * Availability of a window = share of the time in which at least one verifier serves × share of the requests that did not fail.
 * - A request fails with a 5xx. A 4xx is the caller's: it counts as neither good nor bad, so that strangers with bad tokens can't
 *   hide an outage in a crowd of refusals. The verdict `fail` is an answer like any other.
 * - No request, no failure. But time in which no verifier can be scraped, or none is ready, is not available, whether or not
 *   somebody asked: nobody counts the requests that never arrived.
 * - Time of which Prometheus knows nothing counts as neither; the board shows how much of the period was measured. A target
 *   that vanishes from the configuration counts as down for an hour; by then CapTargetMissing has fired.
 */
import { PUBLIC_ROUTE_MATCHER } from './targets.ts';
import type { Duration, Windows } from './windows.ts';

export const SERVING = 'cap:verifier_serving:bool';
export const REQUESTS = 'cap:verifier_requests:rate5m';
export const FAILURES = 'cap:verifier_failures:rate5m';

const PUBLIC = `job="cap-verifier", ${PUBLIC_ROUTE_MATCHER}`;

/** How often the series are recorded; the board counts samples to tell how much was measured. */
export const SLO_INTERVAL: Duration = '1m';

/**
 * Google's multi-window pairs (SRE workbook, chapter 5): the long window says that it matters, the short one that it still goes on.
 */
export const BURNS = [
  { factor: 14.4, long: '1h', short: '5m', severity: 'page' },
  { factor: 6, long: '6h', short: '30m', severity: 'page' },
  { factor: 3, long: '1d', short: '2h', severity: 'ticket' },
  { factor: 1, long: '3d', short: '6h', severity: 'ticket' },
] as const satisfies readonly { factor: number; long: Duration; short: Duration; severity: 'page' | 'ticket' }[];

export const BURN_WINDOWS: readonly Duration[] = ['5m', '30m', '1h', '2h', '6h', '1d', '3d'];

export const availabilityOver = (window: Duration): string => `cap:availability:ratio_${window}`;

/** The registry is not asked about: verifiers go on without it, and what needs it fails as a request. */
export const servingExpr = (windows: Windows): string =>
  `max by (environment) (
    min by (environment, instance) (cap_ready{job="cap-verifier", check!="registry"})
  or
    min by (environment, instance) (0 * up{job="cap-verifier"})
)
or
0 * max by (environment) (max_over_time(up{job="cap-verifier"}[${windows.duration('1h')}]))`;

const rate = (matcher: string, windows: Windows) =>
  `sum by (environment) (rate(cap_http_requests_total{${PUBLIC}, ${matcher}}[${windows.duration('5m')}])) or 0 * ${SERVING}`;

export const requestsExpr = (windows: Windows): string => rate('status!~"4.."', windows);
export const failuresExpr = (windows: Windows): string => rate('status=~"5.."', windows);

/** Availability over any range, such as `1h` or Grafana's `$__range`. */
export const availabilityExpr = (range: string, matchers = ''): string => {
  const average = (series: string) => `avg_over_time(${series}${matchers}[${range}])`;
  return `${average(SERVING)} * (1 - (${average(FAILURES)} / (${average(REQUESTS)} > 0) or 0 * ${average(SERVING)}))`;
};

/** Over five minutes: the rates are of five minutes already, and averaging them again would only delay the end of an alert. */
export const availabilityNowExpr = (windows: Windows): string =>
  `avg_over_time(${SERVING}[${windows.duration('5m')}]) * (1 - (${FAILURES} / (${REQUESTS} > 0) or 0 * ${SERVING}))`;
