import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import { LogsSortOrder } from '@grafana/grafana-foundation-sdk/common';
import {
  DashboardLinkBuilder,
  DashboardLinkType,
  PanelBuilder,
  TextBoxVariableBuilder,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder as LogsPanel } from '@grafana/grafana-foundation-sdk/logs';
import { DataqueryBuilder as LokiQuery } from '@grafana/grafana-foundation-sdk/loki';
import type { AlertRule } from '../alerts/index.ts';
import { PUBLIC_ROUTE_MATCHER } from '../targets.ts';
import { type BoardFacts, dataSource, SCOPE } from './board.ts';
import { type PanelFacts, type PanelOf, timeseries, UNITS } from './panel.ts';
import { quantile, rate, sumBy } from './queries.ts';

const LOKI = { type: 'loki', uid: '${loki}' };
const JAEGER = { type: 'jaeger', uid: '${jaeger}' };
const PUBLIC = `job="cap-verifier", ${PUBLIC_ROUTE_MATCHER}`;

/** Log lines of our services; whoever ships them gives them the labels that the metrics have. */
const LINES = `{${SCOPE}, job=~"cap-.+"}`;

type LogFacts = Omit<PanelFacts, 'queries' | 'unit' | 'alert'> & { readonly expr: string };

const logs =
  ({ title, description, empty, expr }: LogFacts): PanelOf =>
  () =>
    new LogsPanel()
      .title(title)
      .description(description)
      .unit(UNITS.none)
      .noValue(empty)
      .datasource(LOKI)
      .showTime(true)
      .wrapLogMessage(true)
      .prettifyLogMessage(true)
      .enableLogDetails(true)
      .sortOrder(LogsSortOrder.Ascending)
      .dataLinks([
        new DashboardLinkBuilder('Its request')
          .type(DashboardLinkType.Link)
          .url('/d/cap-request?var-request_id=${__data.fields.request_id}&${__url_time_range}'),
      ])
      .withTarget(new LokiQuery().datasource(LOKI).expr(expr).queryType('range').maxLines(500).refId('A'));

/** The builder library has no queries for Jaeger. */
interface JaegerQuery extends Dataquery {
  readonly datasource: typeof JAEGER;
  readonly queryType?: 'search';
  readonly query?: string;
  readonly service?: string;
  readonly refId: string;
}
const jaegerQuery = (query: Pick<JaegerQuery, 'query' | 'queryType' | 'service'>): Builder<Dataquery> => ({
  build: (): JaegerQuery => ({
    datasource: JAEGER,
    ...query,
    refId: 'A',
    _implementsDataqueryVariant: () => undefined,
  }),
});

/** One request's way: which were slow or failed, its lines in all three services, its spans. */
export const requestBoard = (alert: (name: string) => AlertRule): BoardFacts => ({
  uid: 'cap-request',
  title: 'CAP Request',
  description:
    'One request: its log lines in all three services by request id, and its trace. Callers find the request id in X-Request-Id and in every problem.',
  variables: [
    dataSource('loki', 'Loki', 'loki'),
    dataSource('jaeger', 'Jaeger', 'jaeger'),
    new TextBoxVariableBuilder('request_id').label('Request id').defaultValue(''),
    new TextBoxVariableBuilder('trace_id').label('Trace id').defaultValue(''),
  ],
  rows: {
    'Find it': [
      {
        height: 8,
        panels: [
          timeseries({
            title: 'Duration by route (P95)',
            description: 'Public API. The dots are exemplars: each leads to the trace of a request of that duration.',
            unit: 'seconds',
            queries: [
              {
                expr: quantile(0.95, 'cap_http_request_duration_seconds', 'route', PUBLIC),
                legend: '{{route}}',
              },
            ],
            empty: 'No request in this period',
            exemplars: true,
          }),
          timeseries({
            title: 'Time to a verdict (P95)',
            description: 'From the request to the verdict, by instance; the exemplars lead to traces.',
            unit: 'seconds',
            queries: [
              { expr: quantile(0.95, 'cap_verifier_request_duration_seconds', 'instance'), legend: '{{instance}}' },
            ],
            empty: 'No verdict in this period',
            alert: alert('CapVerdictsSlow'),
            perInstance: true,
            exemplars: true,
          }),
          timeseries({
            title: 'Answers other than 2xx',
            description: 'Requests a second to the public API by route and status.',
            unit: 'requestsPerSecond',
            queries: [
              {
                expr: sumBy('route, status', rate('cap_http_requests_total', `${PUBLIC}, status!~"2..|3.."`)),
                legend: '{{route}} {{status}}',
              },
            ],
            empty: 'All requests were answered with 2xx or 3xx',
            orange: '/ 5../',
          }),
        ],
      },
      {
        height: 10,
        panels: [
          logs({
            title: 'Failed requests',
            description: 'Request lines with a status of 500 or more; open one and follow the link to its request.',
            empty: 'No request failed in this period',
            expr: `${LINES} | json | msg="request" | status >= 500`,
          }),
          logs({
            title: 'Slow requests',
            description: 'Request lines of requests that took longer than a second.',
            empty: 'No request took longer than a second',
            expr: `${LINES} | json | msg="request" | duration > 1000`,
          }),
        ],
      },
    ],
    'Its way': [
      {
        height: 14,
        panels: [
          logs({
            title: 'Log lines of this request',
            description:
              'Lines of all three services with this request id, in order. At level info only the service that was called writes one.',
            empty: 'Enter a request id above',
            expr: `${LINES} |= "$request_id" | json | request_id="$request_id"`,
          }),
          () =>
            new PanelBuilder()
              .type('traces')
              .title('Trace')
              .description('The spans of this trace from the public API to the database; traces are off by default.')
              .unit(UNITS.none)
              .noValue('Enter a trace id above')
              .datasource(JAEGER)
              .withTarget(jaegerQuery({ query: '$trace_id' })),
        ],
      },
      {
        height: 9,
        panels: [
          logs({
            title: 'Log lines of this trace',
            description: 'Lines of all three services with this trace id.',
            empty: 'Enter a trace id above',
            expr: `${LINES} |= "$trace_id" | json | trace_id="$trace_id"`,
          }),
          () =>
            new PanelBuilder()
              .type('table')
              .title('Recent traces')
              .description('Traces that the verifier API began; the id is a link to its spans.')
              .unit(UNITS.none)
              .noValue('No trace in this period: is telemetry.otlp on?')
              .datasource(JAEGER)
              .withTarget(jaegerQuery({ queryType: 'search', service: 'cap-verifier-api' })),
        ],
      },
    ],
  },
});
