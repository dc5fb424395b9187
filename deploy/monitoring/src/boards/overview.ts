import type { AlertRule } from '../alerts/index.ts';
import { PUBLIC_ROUTE_MATCHER } from '../targets.ts';
import { type BoardFacts, ENVIRONMENT } from './board.ts';
import { stat, table, timeseries } from './panel.ts';
import { processLines } from './processes.ts';
import { at, percentiles, quantile, rate, sumBy } from './queries.ts';

const JOB = 'job=~"cap-.+"';
const NO_SCRAPE = 'No service is scraped';
const NO_REQUEST = 'No request in this period';

/** What all three services do now: rate, errors and duration of each, verdicts, tokens, caches, processes. */
export const overview = (alert: (name: string) => AlertRule): BoardFacts => ({
  uid: 'cap-overview',
  title: 'CAP Overview',
  description: 'Rate, errors and duration of the three services, verdicts, refused tokens, caches and processes.',
  rows: {
    State: [
      {
        height: 4,
        panels: [
          stat({
            title: 'Services that answer',
            description: 'Whether any instance of each service answers its scrapes.',
            unit: 'none',
            queries: [{ expr: `max by (job) (${at('up', JOB)})`, legend: '{{job}}' }],
            empty: NO_SCRAPE,
            alert: alert('CapServiceDown'),
            texts: { '0': 'down', '1': 'up' },
            show: 'both',
          }),
          stat({
            title: 'Readiness checks that fail',
            description: 'Each check that fails now, with its instance; /readyz of the instance gives the reason.',
            unit: 'none',
            queries: [
              {
                expr: `min by (instance, check) (${at('cap_ready')}) == 0`,
                legend: '{{instance}}: {{check}}',
              },
            ],
            empty: 'None',
            alert: alert('CapNotReady'),
            show: 'name',
          }),
          stat({
            title: 'Alerts that fire',
            description: 'Alerts that fire in this environment, by severity; Alertmanager has the details.',
            unit: 'count',
            queries: [
              {
                expr: `count by (alertname, severity) (ALERTS{${ENVIRONMENT}, alertname=~"Cap.+", alertstate="firing"})`,
                legend: '{{alertname}} ({{severity}})',
              },
            ],
            empty: 'None',
            show: 'name',
          }),
          stat({
            title: 'Versions',
            description: 'The versions that run, with the number of instances of each.',
            unit: 'count',
            queries: [{ expr: `count by (version) (${at('cap_build_info')})`, legend: '{{version}}' }],
            empty: NO_SCRAPE,
            show: 'both',
          }),
        ],
      },
    ],
    'Requests of each service': [
      {
        height: 8,
        panels: [
          timeseries({
            title: 'Requests',
            description: 'Requests a second by service, whatever their answer, without health checks and scrapes.',
            unit: 'requestsPerSecond',
            queries: [
              {
                expr: sumBy('job', rate('cap_http_requests_total', 'route!~"/(healthz|readyz.*|metrics)"')),
                legend: '{{job}}',
              },
            ],
            empty: NO_REQUEST,
          }),
          timeseries({
            title: 'Failed requests',
            description:
              'Share of requests answered with a 5xx, by service. A 4xx and the verdict fail are answers, not failures.',
            unit: 'ratio',
            queries: [
              {
                expr: `${sumBy('job', rate('cap_http_requests_total', 'status=~"5.."'))} / (${sumBy('job', rate('cap_http_requests_total'))} > 0) or 0 * max by (job) (${at('up', JOB)})`,
                legend: '{{job}}',
              },
            ],
            empty: NO_SCRAPE,
            min: 0,
            orange: '/./',
          }),
          timeseries({
            title: 'Duration (P95)',
            description:
              'One request in twenty takes longer, by service, including the time in which its body arrives.',
            unit: 'seconds',
            queries: [
              {
                expr: quantile(
                  0.95,
                  'cap_http_request_duration_seconds',
                  'job',
                  'route!~"/(healthz|readyz.*|metrics)"',
                ),
                legend: '{{job}}',
              },
            ],
            empty: NO_REQUEST,
          }),
        ],
      },
      {
        height: 9,
        panels: [
          table({
            title: 'Requests by route',
            description: 'Requests in the selected period by service, method, route template and status.',
            unit: 'count',
            queries: [
              {
                expr: `sort_desc(${sumBy('job, method, route, status', `increase(${at('cap_http_requests_total')}[$__range])`)} > 0)`,
              },
            ],
            empty: NO_REQUEST,
            decimals: 0,
          }),
          timeseries({
            title: 'Duration by route (P95)',
            description: 'One request in twenty to this route of the verifier API takes longer.',
            unit: 'seconds',
            queries: [
              {
                expr: quantile(
                  0.95,
                  'cap_http_request_duration_seconds',
                  'route',
                  `job="cap-verifier", ${PUBLIC_ROUTE_MATCHER}`,
                ),
                legend: '{{route}}',
              },
            ],
            empty: NO_REQUEST,
          }),
        ],
      },
    ],
    Verdicts: [
      {
        height: 8,
        panels: [
          timeseries({
            title: 'Verdicts',
            description: 'Verdicts a second by result. A fail says something about the bundle, not about the service.',
            unit: 'perSecond',
            queries: [{ expr: sumBy('result', rate('cap_verifier_requests_total')), legend: '{{result}}' }],
            empty: 'No verifier is scraped',
            orange: '/fail|warn/',
            stacked: true,
          }),
          timeseries({
            title: 'Time to a verdict',
            description: 'From the request to the verdict, including registration; exemplars lead to a trace.',
            unit: 'seconds',
            queries: percentiles('cap_verifier_request_duration_seconds'),
            empty: 'No verdict in this period',
            alert: alert('CapVerdictsSlow'),
            exemplars: true,
          }),
          timeseries({
            title: 'Verification by backend (P95)',
            description: 'Verifying alone, of bundles that were not cached and without the wait for a thread.',
            unit: 'seconds',
            queries: [
              {
                expr: quantile(0.95, 'cap_proof_verification_duration_seconds', 'backend'),
                legend: '{{backend}}',
              },
            ],
            empty: 'No bundle was verified in this period',
          }),
          timeseries({
            title: 'Proofs in the threads',
            description:
              'Proofs being verified and proofs waiting; when the places are taken, callers get 503 overloaded.',
            unit: 'count',
            queries: [{ expr: sumBy('instance, state', at('cap_proof_jobs')), legend: '{{instance}} {{state}}' }],
            empty: 'No verifier with threads is scraped',
            orange: '/waiting/',
            perInstance: true,
          }),
        ],
      },
    ],
    'Refused callers': [
      {
        height: 8,
        panels: [
          timeseries({
            title: 'Refused tokens',
            description:
              'Tokens refused a second by instance: expired, wrong issuer, or forged. The log names the callers.',
            unit: 'perSecond',
            queries: [
              {
                expr: sumBy('job, instance', rate('cap_auth_token_validation_failures_total')),
                legend: '{{job}} {{instance}}',
              },
            ],
            empty: NO_SCRAPE,
            alert: alert('CapTokenFailures'),
            perInstance: true,
          }),
          timeseries({
            title: 'Share of callers that are refused',
            description:
              'Share of requests to the public API answered with 401. If nearly all are, look at the issuer and its keys.',
            unit: 'ratio',
            queries: [
              {
                expr: `sum(${rate('cap_http_requests_total', `job="cap-verifier", ${PUBLIC_ROUTE_MATCHER}, status="401"`)}) / (sum(${rate('cap_http_requests_total', `job="cap-verifier", ${PUBLIC_ROUTE_MATCHER}`)}) > 0) or 0 * max(${at('up', 'job="cap-verifier"')})`,
                legend: '401',
              },
            ],
            empty: 'No verifier is scraped',
            alert: alert('CapMostRequestsRefused'),
            min: 0,
            max: 1,
          }),
          timeseries({
            title: 'Answers other than 2xx',
            description:
              'Requests a second by service and status; 429 and 503 mean that somebody is to try again later.',
            unit: 'requestsPerSecond',
            queries: [
              {
                expr: sumBy('job, status', rate('cap_http_requests_total', 'status!~"2..|3.."')),
                legend: '{{job}} {{status}}',
              },
            ],
            empty: 'All requests were answered with 2xx or 3xx',
            orange: '/ 5../',
          }),
        ],
      },
    ],
    Caches: [
      {
        height: 7,
        panels: [
          timeseries({
            title: 'Hit ratio',
            description:
              'Share of look-ups answered by each cache in this interval; docs/caches.md says what each holds.',
            unit: 'ratio',
            queries: [
              {
                expr: `${sumBy('cache', rate('cap_cache_requests_total', 'outcome="hit"'))} / (${sumBy('cache', rate('cap_cache_requests_total'))} > 0)`,
                legend: '{{cache}}',
              },
            ],
            empty: 'No cache was asked in this period',
            min: 0,
            max: 1,
          }),
          timeseries({
            title: 'Look-ups',
            description: 'Look-ups a second by cache and outcome.',
            unit: 'perSecond',
            queries: [
              { expr: sumBy('cache, outcome', rate('cap_cache_requests_total')), legend: '{{cache}} {{outcome}}' },
            ],
            empty: 'No service with a cache is scraped',
          }),
          stat({
            title: 'Hit ratio since the start',
            description: 'Share of look-ups answered by each cache since its service started.',
            unit: 'ratio',
            queries: [{ expr: `avg by (cache) (${at('cap_cache_hit_ratio')})`, legend: '{{cache}}' }],
            empty: 'No service with a cache is scraped',
            show: 'both',
          }),
        ],
      },
    ],
    Processes: processLines(alert),
  },
});
