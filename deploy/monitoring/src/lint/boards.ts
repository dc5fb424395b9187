import type { Dashboard, Panel, Threshold } from '@grafana/grafana-foundation-sdk/dashboard';
import type { AlertRule } from '../alerts/index.ts';
import { UNITS } from '../boards/panel.ts';
import { analyse } from './promql.ts';
import { type Finding, lintExpression, type SeriesLabels, unknownLabels } from './series.ts';

/** As it is in JSON: the builders' types leave open what a data source's query has. */
interface Target {
  readonly expr?: string;
  readonly legendFormat?: string;
  readonly datasource?: { readonly type?: string; readonly uid?: string };
}

const KNOWN_UNITS: ReadonlySet<string> = new Set(Object.values(UNITS));
const REQUIRED_VARIABLES = { datasource: 'datasource', environment: 'query', instance: 'query' } as const;
const LEGEND_LABEL = /\{\{(\w+)\}\}/g;
const NEITHER_GREEN_NOR_RED =
  /"(?:(?:dark-|semi-dark-|light-|super-light-)?(?:green|red)|palette-[a-z-]+|continuous-[A-Za-z]*[GR][a-z]*[A-Za-z-]*)"/;

export const targetsOf = (panel: Panel): readonly Target[] => (panel.targets ?? []) as readonly Target[];

/** Rows hold no panels of their own here: each stands after its row. */
export const panelsOf = ({ panels = [] }: Dashboard): readonly Panel[] =>
  panels.filter((panel): panel is Panel => panel.type !== 'row');

const isPrometheus = ({ datasource }: Target) => datasource?.type === 'prometheus';

function lintScope(expr: string, place: string, series: SeriesLabels): Finding[] {
  return analyse(expr).selectors.flatMap(({ metric, matchers }) =>
    ['environment', 'instance']
      // What is recorded for an environment has no instance; an alert's instance is that of the alert.
      .filter((label) => series.get(metric)?.has(label) && !(metric === 'ALERTS' && label === 'instance'))
      .filter(
        (label) => !matchers.some((one) => one.label === label && one.operator === '=~' && one.value === `$${label}`),
      )
      .map((label) => ({ rule: 'scope', place, message: `${metric} is not limited to $${label}` })),
  );
}

/** The alerts that a panel's runbook links name. */
function alertsOf(panel: Panel, alerts: readonly AlertRule[]): readonly AlertRule[] {
  const names = (panel.links ?? []).flatMap(({ url = '' }) => /\/(Cap\w+)\.md$/.exec(url)?.[1] ?? []);
  return alerts.filter(({ alert }) => names.includes(alert));
}

function lintThresholds(panel: Panel, place: string, alerts: readonly AlertRule[]): Finding[] {
  const steps: readonly Threshold[] = panel.fieldConfig?.defaults.thresholds?.steps ?? [];
  const watched = alertsOf(panel, alerts);
  const finding = (message: string): Finding => ({ rule: 'thresholds', place, message });
  if (watched.length === 0) return [];
  // A line just above 0 stands for "more than 0".
  const agrees = ({ threshold }: AlertRule) =>
    steps.some(({ value }) => value !== null && Math.abs(value - threshold) <= 1e-6);
  return watched.some(agrees)
    ? []
    : [
        finding(
          `no step is at the threshold of ${watched[0]!.alert}: ${watched.map((one) => one.threshold).join(', ')}`,
        ),
      ];
}

interface BoardContext {
  readonly series: SeriesLabels;
  readonly alerts: readonly AlertRule[];
}

function lintPanel(panel: Panel, board: string, { series, alerts }: BoardContext): Finding[] {
  const place = `${board} › ${panel.title ?? '?'}`;
  const { defaults } = panel.fieldConfig ?? {};
  const targets = targetsOf(panel);
  const finding = (rule: string, message: string): Finding => ({ rule, place, message });
  const sources = [panel.datasource, ...targets.map(({ datasource }) => datasource)];
  return [
    ...(panel.title ? [] : [finding('title', 'a panel has a title')]),
    ...(/^[A-Z].{20,}\.$/s.test(panel.description ?? '')
      ? []
      : [finding('description', 'a description is a sentence')]),
    ...(KNOWN_UNITS.has(defaults?.unit ?? '') ? [] : [finding('unit', `no unit is named ${defaults?.unit}`)]),
    ...(defaults?.noValue ? [] : [finding('no-data', 'a panel says what it means to have no data')]),
    ...(targets.length > 0 ? [] : [finding('query', 'a panel asks something')]),
    ...(sources.every((source) => /^\$\{\w+\}$/.test(source?.uid ?? ''))
      ? []
      : [finding('data-source', 'the data source is not a variable')]),
    ...(panel.type === 'logs' || panel.type === 'traces' || defaults?.thresholds || !targets.some(isPrometheus)
      ? []
      : [finding('thresholds', 'there are none, not even the base')]),
    ...lintThresholds(panel, place, alerts),
    ...targets.filter(isPrometheus).flatMap(({ expr = '', legendFormat = '' }) => [
      ...lintExpression(expr, place, series),
      ...lintScope(expr, place, series),
      ...unknownLabels(
        expr,
        [...legendFormat.matchAll(LEGEND_LABEL)].map(([, label]) => label!),
        series,
      ).map((label) => finding('legend', `no series of it has a label ${label}`)),
    ]),
  ];
}

export function lintBoard(board: Dashboard, context: BoardContext): Finding[] {
  const { uid = '', title = '' } = board;
  const finding = (rule: string, message: string): Finding => ({ rule, place: title, message });
  const variables = board.templating.list ?? [];
  const panels = panelsOf(board);
  const titles = panels.map((panel) => panel.title);
  return [
    ...(/^cap-[a-z-]{3,36}$/.test(uid) ? [] : [finding('uid', 'a uid is stable and begins with cap-')]),
    ...(board.description ? [] : [finding('description', 'a board has a description')]),
    ...(board.tags?.includes('cap') ? [] : [finding('links', 'without the tag cap no other board leads here')]),
    ...(board.links?.some(({ tags }) => tags.includes('cap')) ? [] : [finding('links', 'it leads to no other board')]),
    ...(board.links?.some(({ url = '' }) => url.endsWith('/README.md'))
      ? []
      : [finding('links', 'it does not lead to the runbooks')]),
    ...Object.entries(REQUIRED_VARIABLES)
      .filter(([name, type]) => !variables.some((variable) => variable.name === name && variable.type === type))
      .map(([name]) => finding('variables', `there is no variable ${name}`)),
    ...(new Set(titles).size === titles.length ? [] : [finding('title', 'two panels have one title')]),
    ...(NEITHER_GREEN_NOR_RED.test(JSON.stringify(board))
      ? [finding('colours', 'green and red look alike to many')]
      : []),
    ...panels.flatMap((panel) => lintPanel(panel, title, context)),
  ];
}
