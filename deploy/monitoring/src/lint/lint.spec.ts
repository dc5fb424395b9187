/** Each rule is broken once, in a rule or a board that has no findings otherwise. */
import { describe, expect, it } from '@jest/globals';
import type { Dashboard, Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import { type AlertRule, allAlerts } from '../alerts/index.ts';
import { boards } from '../boards/index.ts';
import { settingsOf } from '../generate.ts';
import { type Metric, METRICS } from '../metrics.ts';
import { lintBoard, panelsOf } from './boards.ts';
import { lintCoverage } from './coverage.ts';
import { lintAlert, lintRecordingRule } from './rules.ts';
import { type Finding, knownSeries, lintExpression } from './series.ts';

const settings = settingsOf({});
const series = knownSeries();
const alerts = allAlerts(settings);
const rules = (findings: Finding[]) => [...new Set(findings.map(({ rule }) => rule))];

describe('an expression', () => {
  it.each([
    ['promql', 'sum(up'],
    ['metric', 'rate(cap_requests_total[5m])'],
    ['metric', 'cap_http_request_duration_seconds'],
    ['label', 'cap_ready{checks="log"}'],
    ['label', 'cap_ready{le="1"}'],
    ['label', 'sum by (route) (cap_ready)'],
    ['label', 'cap_ready / on (route) up'],
    ['label', 'cap:verifier_serving:bool{instance="a"}'],
    ['quantile', 'histogram_quantile(0.9, rate(cap_http_request_duration_seconds_bucket[5m]))'],
  ])('with a fault is found (%s): %s', (rule, expr) => {
    expect(rules(lintExpression(expr, 'here', series))).toEqual([rule]);
  });

  it('without one is not', () => {
    for (const expr of [
      'cap_ready{check="log", job="cap-registry"} == 0',
      'sum by (environment, route) (rate(cap_http_request_duration_seconds_count[5m]))',
      'time() - max by (instance) (cap_backup_last_success_timestamp_seconds)',
    ])
      expect(lintExpression(expr, 'here', series)).toEqual([]);
  });
});

describe('an alert', () => {
  const good = alerts.find(({ alert }) => alert === 'CapWalGrowing')!;
  it.each<[string, Partial<AlertRule>]>([
    ['name', { alert: 'Cap_wal' }],
    ['threshold', { threshold: Number.NaN }],
    ['severity', { labels: { severity: 'critical' } }],
    ['summary', { summary: 'It grows.' }],
    ['description', { description: 'The log of {{ $labels.instance }} grows: {{ $value }}' }],
    ['description', { description: 'The log of {{ $labels.instance }} grows.' }],
    ['description', { description: 'It grows: {{ $value }}.' }],
    ['label', { description: '{{ $labels.route }} of {{ $labels.instance }}: {{ $value }}.' }],
    ['metric', { value: 'cap_wal_bytes{}', description: '{{ $value }} in {{ $labels.job }}.', summary: 'It grows' }],
  ])('with a fault is found (%s)', (rule, change) => {
    expect(rules(lintAlert({ ...good, ...change }, series))).toContain(rule);
  });
});

it('a recorded series with another name is found', () => {
  const record = { record: 'cap_availability', expr: 'up', labels: [], help: '' };
  expect(rules(lintRecordingRule(record, series))).toEqual(['name']);
});

type Change = (board: Dashboard, panel: Panel) => void;
const WAL = 'Write-ahead log';

/** The findings of a good board after a change. */
function broken(change: Change): string[] {
  const good = boards(settings).find(({ uid }) => uid === 'cap-registry-log');
  const board = JSON.parse(JSON.stringify(good)) as Dashboard;
  change(
    board,
    panelsOf(board).find(({ title }) => title === WAL)!,
  );
  return rules(lintBoard(board, { series, alerts }));
}
const ask = (panel: Panel, expr: string) => {
  (panel.targets![0] as { expr?: string }).expr = expr;
};
const SCOPE = 'environment=~"$environment", instance=~"$instance"';

describe('a board', () => {
  it.each<[string, string, Change]>([
    ['uid', 'a uid that Grafana made', (board) => (board.uid = 'b8x1k2m3')],
    ['description', 'no description', (board) => delete board.description],
    ['links', 'no tag', (board) => (board.tags = [])],
    ['links', 'no way to the others', (board) => (board.links = board.links!.slice(1))],
    ['links', 'no way to the runbooks', (board) => (board.links = board.links!.slice(0, 1))],
    ['variables', 'no variable for the instance', (board) => board.templating.list!.pop()],
    [
      'variables',
      'a data source that is no variable of that type',
      (board) => (board.templating.list![0]!.name = 'ds'),
    ],
    ['title', 'two panels of one name', (board) => (panelsOf(board)[0]!.title = WAL)],
    ['colours', 'a red line', (_board, panel) => (panel.fieldConfig!.defaults.thresholds!.steps[1]!.color = 'red')],
    [
      'colours',
      'the classic palette',
      (_board, panel) => Object.assign(panel.fieldConfig!.defaults.color!, { mode: 'palette-classic' }),
    ],
    ['title', 'a panel without a title', (_board, panel) => delete panel.title],
    ['description', 'a panel that says nothing', (_board, panel) => (panel.description = 'WAL')],
    ['unit', 'a panel without a unit', (_board, panel) => delete panel.fieldConfig!.defaults.unit],
    ['unit', 'a unit that does not exist', (_board, panel) => (panel.fieldConfig!.defaults.unit = 'kilobytes')],
    ['no-data', 'an empty panel that does not say why', (_board, panel) => delete panel.fieldConfig!.defaults.noValue],
    ['query', 'a panel without a query', (_board, panel) => (panel.targets = [])],
    ['thresholds', 'no thresholds at all', (_board, panel) => delete panel.fieldConfig!.defaults.thresholds],
    [
      'thresholds',
      'a line elsewhere than the alert’s',
      (_board, panel) => (panel.fieldConfig!.defaults.thresholds!.steps[1]!.value = 1),
    ],
    ['data-source', 'a data source by its uid', (_board, panel) => (panel.datasource!.uid = 'prometheus')],
    [
      'data-source',
      'a query with a data source of its own',
      (_board, panel) => ((panel.targets![0] as { datasource?: object }).datasource = { type: 'prometheus', uid: 'x' }),
    ],
    ['scope', 'all instances', (_board, panel) => ask(panel, 'cap_registry_wal_bytes{environment=~"$environment"}')],
    ['scope', 'one environment', (_board, panel) => ask(panel, 'cap_registry_wal_bytes{instance=~"$instance"}')],
    [
      'scope',
      'a variable compared as text',
      (_board, panel) => ask(panel, 'cap_registry_wal_bytes{environment=~"$environment", instance="$instance"}'),
    ],
    ['metric', 'a metric that nobody has', (_board, panel) => ask(panel, `cap_registry_wal{${SCOPE}}`)],
    ['promql', 'half a query', (_board, panel) => ask(panel, `sum(cap_registry_wal_bytes{${SCOPE}}`)],
    [
      'legend',
      'a legend by a label that is not there',
      (_board, panel) => ((panel.targets![0] as { legendFormat?: string }).legendFormat = '{{pod}}'),
    ],
  ])('is found (%s): %s', (rule, _what, change) => {
    expect(broken(change)).toContain(rule);
  });

  it('is not found as it is', () => {
    expect(broken(() => undefined)).toEqual([]);
  });
});

describe('a metric', () => {
  const lonely: Metric = { ...METRICS[0]!, name: 'cap_lonely_total' };
  const find = (metric: Metric, page = '') => rules(lintCoverage([metric], boards(settings), () => page));

  it('that neither a board nor its page shows is found', () => {
    expect(find(lonely)).toEqual(['shown']);
    expect(find({ ...lonely, page: 'docs/monitoring.md' }, 'nothing of it')).toEqual(['shown']);
  });

  it('that either shows is not', () => {
    expect(find({ ...lonely, page: 'docs/monitoring.md' }, 'see `cap_lonely_total`')).toEqual([]);
    expect(find(METRICS[0]!)).toEqual([]);
  });
});
