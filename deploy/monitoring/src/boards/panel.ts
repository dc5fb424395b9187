import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import {
  BigValueColorMode,
  BigValueGraphMode,
  BigValueTextMode,
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import {
  DashboardLinkBuilder,
  DashboardLinkType,
  FieldColorBuilder,
  FieldColorModeId,
  MappingType,
  type Panel,
  type Threshold,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  type ValueMapping,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder as PrometheusQuery, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatPanel } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TablePanel } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as TimeseriesPanel } from '@grafana/grafana-foundation-sdk/timeseries';
import { type AlertRule, runbookUrl } from '../alerts/index.ts';

/** Blue and orange, not green and red: everybody can tell them apart. */
const BLUE = '#3274d9';
const ORANGE = '#ff780a';

/** Grafana's ids of the units that our boards use. */
export const UNITS = {
  count: 'short',
  perSecond: 'ops',
  requestsPerSecond: 'reqps',
  seconds: 's',
  bytes: 'bytes',
  ratio: 'percentunit',
  /** A number without a dimension, such as a burn rate, a state or a version. */
  none: 'none',
  time: 'dateTimeFromNow',
} as const;
type UnitName = keyof typeof UNITS;

export const PROMETHEUS = { type: 'prometheus', uid: '${datasource}' };

export interface Query {
  readonly expr: string;
  readonly legend?: string;
}

type Limit = Pick<AlertRule, 'threshold' | 'comparison'>;

/** What every panel must say. */
export interface PanelFacts {
  readonly title: string;
  readonly description: string;
  readonly unit: UnitName;
  readonly queries: readonly Query[];
  /** Shown instead of data. */
  readonly empty: string;
  /** The alert whose threshold is drawn and whose runbook is linked; of several rules the one with this window. */
  readonly alert?: AlertRule;
  /** The line of a panel that no alert watches. */
  readonly limit?: Limit;
  readonly decimals?: number;
  readonly min?: number;
  readonly max?: number;
}

interface TimeseriesFacts extends PanelFacts {
  readonly stacked?: boolean;
  /** Series (by their legend) that are bad news. */
  readonly orange?: string;
  /** The panel's series have the label `instance`: a click leads to that instance. */
  readonly perInstance?: boolean;
  readonly exemplars?: boolean;
}

interface StatFacts extends PanelFacts {
  /** Text of values, as `{ '1': 'ready' }`. */
  readonly texts?: Readonly<Record<string, string>>;
  readonly show?: 'value' | 'name' | 'both';
}

interface TableFacts extends PanelFacts {
  /** Columns of a label that nobody needs. */
  readonly hidden?: readonly string[];
  readonly valueTitle?: string;
}

/** A panel waiting for its place: the runbooks' base is known to the board alone. */
export type PanelOf = (runbooks: string) => Builder<Panel>;

/** Grafana colours what is at or above a step; what may be 0 and no more gets a step just above it. */
const ABOVE_ZERO = 1e-6;

function thresholdSteps(limit: Limit | undefined): Threshold[] {
  if (!limit) return [{ value: null, color: BLUE }];
  const { threshold, comparison } = limit;
  if (comparison === '<')
    return [
      { value: null, color: ORANGE },
      { value: threshold, color: BLUE },
    ];
  // A state that is bad when it is 0.
  if (comparison === '==' && threshold === 0)
    return [
      { value: null, color: ORANGE },
      { value: threshold, color: ORANGE },
      { value: 1, color: BLUE },
    ];
  return [
    { value: null, color: BLUE },
    { value: threshold === 0 ? ABOVE_ZERO : threshold, color: ORANGE },
  ];
}

const thresholds = (limit: Limit | undefined) =>
  new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(thresholdSteps(limit));

const link = (title: string, url: string) =>
  new DashboardLinkBuilder(title).type(DashboardLinkType.Link).url(url).targetBlank(true);

const runbookLinks = (alert: AlertRule | undefined, runbooks: string) =>
  alert ? [link(`Runbook: ${alert.alert}`, runbookUrl(alert.alert, runbooks))] : [];

const instanceLink = () =>
  link(
    'This instance',
    '/d/cap-overview?var-datasource=${datasource}&${environment:queryparam}&var-instance=${__field.labels.instance}&${__url_time_range}',
  ).targetBlank(false);

interface CommonBuilder {
  title(title: string): this;
  description(description: string): this;
  unit(unit: string): this;
  noValue(text: string): this;
  datasource(reference: typeof PROMETHEUS): this;
  thresholds(builder: Builder<ReturnType<ThresholdsConfigBuilder['build']>>): this;
  links(links: DashboardLinkBuilder[]): this;
  decimals(decimals: number): this;
  min(min: number): this;
  max(max: number): this;
  withTarget(target: Builder<Dataquery>): this;
}

function common<B extends CommonBuilder>(
  builder: B,
  { title, description, unit, empty, alert, limit, decimals, min, max }: PanelFacts,
  runbooks: string,
): B {
  builder.title(title).description(description).unit(UNITS[unit]).noValue(empty).datasource(PROMETHEUS);
  builder.thresholds(thresholds(alert ?? limit)).links(runbookLinks(alert, runbooks));
  if (decimals !== undefined) builder.decimals(decimals);
  if (min !== undefined) builder.min(min);
  if (max !== undefined) builder.max(max);
  return builder;
}

const prometheusQueries = (queries: readonly Query[]) =>
  queries.map(({ expr, legend = '' }, index) =>
    new PrometheusQuery()
      .datasource(PROMETHEUS)
      .expr(expr)
      .legendFormat(legend)
      .refId(String.fromCharCode(65 + index)),
  );

export const timeseries =
  (facts: TimeseriesFacts): PanelOf =>
  (runbooks) => {
    const panel = common(new TimeseriesPanel(), facts, runbooks)
      .legend(
        new VizLegendOptionsBuilder()
          .displayMode(LegendDisplayMode.Table)
          .placement(LegendPlacement.Bottom)
          .showLegend(true)
          .calcs(['lastNotNull', 'max']),
      )
      .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi))
      .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.Shades).fixedColor(BLUE))
      .fillOpacity(10);
    for (const query of prometheusQueries(facts.queries))
      panel.withTarget(facts.exemplars ? query.range().exemplar(true) : query.range());
    if (facts.alert ?? facts.limit)
      panel.thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Dashed));
    if (facts.stacked) panel.stacking(new StackingConfigBuilder().mode(StackingMode.Normal).group('A'));
    if (facts.orange !== undefined)
      panel.overrideByRegexp(facts.orange, [{ id: 'color', value: { mode: 'shades', fixedColor: ORANGE } }]);
    if (facts.perInstance) panel.dataLinks([instanceLink()]);
    return panel;
  };

const texts = (of: Readonly<Record<string, string>>): ValueMapping[] => [
  {
    type: MappingType.ValueToText,
    options: Object.fromEntries(Object.entries(of).map(([value, text], index) => [value, { text, index }])),
  },
];

const TEXT_MODES = {
  value: BigValueTextMode.Value,
  name: BigValueTextMode.Name,
  both: BigValueTextMode.ValueAndName,
};

export const stat =
  (facts: StatFacts): PanelOf =>
  (runbooks) => {
    const panel = common(new StatPanel(), facts, runbooks)
      .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.Thresholds))
      .colorMode(BigValueColorMode.Value)
      .graphMode(BigValueGraphMode.None)
      .textMode(TEXT_MODES[facts.show ?? 'value'])
      .reduceOptions(new ReduceDataOptionsBuilder().values(false).calcs(['lastNotNull']).fields(''));
    for (const query of prometheusQueries(facts.queries)) panel.withTarget(query.instant());
    if (facts.texts) panel.mappings(texts(facts.texts));
    return panel;
  };

export const table =
  (facts: TableFacts): PanelOf =>
  (runbooks) => {
    const { hidden = [], valueTitle = facts.title } = facts;
    const panel = common(new TablePanel(), facts, runbooks)
      .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.Thresholds))
      .withTransformation({
        id: 'organize',
        options: {
          excludeByName: Object.fromEntries(['Time', '__name__', ...hidden].map((name) => [name, true])),
          renameByName: { Value: valueTitle },
        },
      })
      .overrideByName('instance', [{ id: 'links', value: [instanceLink().build()] }]);
    for (const query of prometheusQueries(facts.queries))
      panel.withTarget(query.instant().format(PromQueryFormat.Table));
    return panel;
  };
