import type { AlertRule, RuleSettings } from '../alerts/index.ts';
import { availabilityExpr, availabilityOver, BURNS, FAILURES, SERVING, SLO_INTERVAL } from '../slo.ts';
import { PUBLIC_ROUTE_MATCHER } from '../targets.ts';
import { type BoardFacts, ENVIRONMENT } from './board.ts';
import { stat, timeseries } from './panel.ts';
import { quantile, rate, sumBy } from './queries.ts';

const RANGE = '$__range';
const SELECTED = `{${ENVIRONMENT}}`;
const PERIOD_SECONDS = 30 * 86_400;
const NOTHING_RECORDED = 'Nothing recorded yet: are the rules in prometheus/rules loaded?';

/** From the first day of the month, however little of it there is; everything is measured over what is known. */
export const sloBoard = (
  alert: (name: string, window?: string) => AlertRule,
  { windows, thresholds: { objective } }: RuleSettings,
): BoardFacts => {
  const budget = Number((1 - objective).toPrecision(6));
  const minutes = (budget * PERIOD_SECONDS) / 60;
  const available = availabilityExpr(RANGE, SELECTED);
  const known = `count_over_time(${SERVING}${SELECTED}[${RANGE}]) * ${windows.seconds(SLO_INTERVAL)}`;
  return {
    uid: 'cap-slo',
    title: 'CAP SLO',
    description: `Availability of the public API, month so far, and its error budget: ${objective * 100} % of 30 days.`,
    time: { from: 'now/M', to: 'now' },
    rows: {
      'Month so far': [
        {
          height: 5,
          panels: [
            stat({
              title: 'Availability, month so far',
              description: `Share of the time in which a verifier served, times the share of requests without a 5xx. The objective is ${objective * 100} %.`,
              unit: 'ratio',
              decimals: 3,
              queries: [{ expr: available, legend: '{{environment}}' }],
              empty: NOTHING_RECORDED,
              limit: { comparison: '<', threshold: objective },
            }),
            stat({
              title: 'Error budget left',
              description: `What is left of the ${minutes.toFixed(0)} minutes that 30 days may be unavailable; below zero the objective is missed.`,
              unit: 'ratio',
              decimals: 1,
              queries: [
                {
                  expr: `1 - (1 - (${available})) * ${known} / ${budget * PERIOD_SECONDS}`,
                  legend: '{{environment}}',
                },
              ],
              empty: NOTHING_RECORDED,
              limit: { comparison: '<', threshold: 0 },
            }),
            stat({
              title: 'Failed requests, month so far',
              description: 'Requests to the public API that were answered with a 5xx.',
              unit: 'count',
              decimals: 0,
              queries: [
                { expr: `avg_over_time(${FAILURES}${SELECTED}[${RANGE}]) * ${known}`, legend: '{{environment}}' },
              ],
              empty: NOTHING_RECORDED,
            }),
            stat({
              title: 'Time without a verifier, month so far',
              description: 'How long no verifier could be scraped, or none was ready.',
              unit: 'seconds',
              queries: [
                { expr: `(1 - avg_over_time(${SERVING}${SELECTED}[${RANGE}])) * ${known}`, legend: '{{environment}}' },
              ],
              empty: NOTHING_RECORDED,
            }),
          ],
        },
        {
          height: 5,
          panels: [
            stat({
              title: 'Verifier serves now',
              description: 'Whether at least one verifier answers its scrapes and is ready.',
              unit: 'none',
              queries: [{ expr: `${SERVING}${SELECTED}`, legend: '{{environment}}' }],
              empty: NOTHING_RECORDED,
              alert: alert('CapServiceDown'),
              texts: { '0': 'no', '1': 'yes' },
            }),
            stat({
              title: 'Measured part of the period',
              description:
                'Share of the selected period of which Prometheus knows anything. What it does not know counts neither as good nor as bad.',
              unit: 'ratio',
              decimals: 1,
              queries: [{ expr: `${known} / $__range_s`, legend: '{{environment}}' }],
              empty: NOTHING_RECORDED,
            }),
          ],
        },
      ],
      'Burn rate': [
        {
          height: 8,
          panels: BURNS.map(({ long, short, factor, severity }) =>
            timeseries({
              title: `Burn rate over ${long}`,
              description: `How many times as fast as allowed the budget is spent. Above ${factor} over ${long} and ${short} it is a ${severity}.`,
              unit: 'none',
              decimals: 2,
              min: 0,
              queries: [long, short].map((window) => ({
                expr: `(1 - ${availabilityOver(window)}${SELECTED}) / ${budget}`,
                legend: `{{environment}} ${window}`,
              })),
              empty: NOTHING_RECORDED,
              alert: alert('CapErrorBudgetBurn', long),
            }),
          ),
        },
      ],
      'What failed': [
        {
          height: 8,
          panels: [
            timeseries({
              title: 'Availability',
              description: 'Availability of the public API over an hour and over a day.',
              unit: 'ratio',
              decimals: 3,
              max: 1,
              queries: [
                { expr: `${availabilityOver('1h')}${SELECTED}`, legend: '{{environment}} 1h' },
                { expr: `${availabilityOver('1d')}${SELECTED}`, legend: '{{environment}} 1d' },
              ],
              empty: NOTHING_RECORDED,
              limit: { comparison: '<', threshold: objective },
            }),
            timeseries({
              title: 'Failed requests by route',
              description: 'Requests a second to the public API that were answered with a 5xx.',
              unit: 'requestsPerSecond',
              queries: [
                {
                  expr: sumBy(
                    'method, route, status',
                    rate('cap_http_requests_total', `job="cap-verifier", ${PUBLIC_ROUTE_MATCHER}, status=~"5.."`),
                  ),
                  legend: '{{method}} {{route}} {{status}}',
                },
              ],
              empty: 'No request failed in this period',
              orange: '/./',
            }),
            timeseries({
              title: 'Requests that count',
              description: 'Requests a second to the public API that were not answered with a 4xx, by status.',
              unit: 'requestsPerSecond',
              queries: [
                {
                  expr: sumBy(
                    'status',
                    rate('cap_http_requests_total', `job="cap-verifier", ${PUBLIC_ROUTE_MATCHER}, status!~"4.."`),
                  ),
                  legend: '{{status}}',
                },
              ],
              empty: 'No request in this period',
              orange: '/5../',
            }),
            timeseries({
              title: 'Time to a verdict (P95)',
              description: 'One verdict in twenty takes longer. It is no part of the objective, but callers notice.',
              unit: 'seconds',
              queries: [{ expr: quantile(0.95, 'cap_verifier_request_duration_seconds'), legend: 'P95' }],
              empty: 'No verdict in this period',
              alert: alert('CapVerdictsSlow'),
            }),
          ],
        },
      ],
    },
  };
};
