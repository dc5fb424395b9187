import { FOREIGN_SERIES, type Metric, METRICS } from '../metrics.ts';
import { recordingRules } from '../recording-rules.ts';
import { TARGET_LABELS } from '../targets.ts';
import { windowsAt } from '../windows.ts';
import { analyse } from './promql.ts';

export interface Finding {
  readonly rule: string;
  readonly place: string;
  readonly message: string;
}

/** Series that exist: name → labels. */
export type SeriesLabels = ReadonlyMap<string, ReadonlySet<string>>;

const seriesOf = ({ name, type, labels }: Metric): [string, Set<string>][] => {
  const all = [...labels, ...TARGET_LABELS];
  if (type !== 'histogram') return [[name, new Set(all)]];
  return [
    [`${name}_bucket`, new Set([...all, 'le'])],
    [`${name}_sum`, new Set(all)],
    [`${name}_count`, new Set(all)],
  ];
};

/** Those of the contract, of other programs, and those that our rules record. */
export const knownSeries = (metrics: readonly Metric[] = METRICS): SeriesLabels =>
  new Map([
    ...metrics.flatMap(seriesOf),
    ...Object.entries(FOREIGN_SERIES).map(([name, labels]): [string, Set<string>] => [
      name,
      new Set([...labels, ...TARGET_LABELS]),
    ]),
    ...recordingRules(windowsAt()).map(({ record, labels }): [string, Set<string>] => [record, new Set(labels)]),
  ]);

/** What is wrong with an expression, wherever it stands. */
export function lintExpression(expr: string, place: string, series: SeriesLabels): Finding[] {
  const { errors, selectors, groupings, unsummedQuantiles } = analyse(expr);
  const finding = (rule: string, message: string): Finding => ({ rule, place, message });
  return [
    ...errors.map((error) => finding('promql', error)),
    ...selectors.flatMap(({ metric, matchers }) => {
      const labels = series.get(metric);
      if (!labels) return [finding('metric', `nothing is named ${metric}`)];
      return matchers
        .filter(({ label }) => !labels.has(label))
        .map(({ label }) => finding('label', `${metric} has no label ${label}`));
    }),
    ...groupings.flatMap(({ labels, metrics }) =>
      labels
        .filter((label) => !metrics.some((metric) => series.get(metric)?.has(label)))
        .map((label) => finding('label', `none of ${[...new Set(metrics)].join(', ')} has a label ${label}`)),
    ),
    ...unsummedQuantiles.map((call) => finding('quantile', `${call} is not over a sum by (…, le)`)),
  ];
}

/** Labels that a text refers to and that the expression's series do not have. */
export function unknownLabels(expr: string, names: readonly string[], series: SeriesLabels): string[] {
  const { selectors } = analyse(expr);
  return names.filter((name) => !selectors.some(({ metric }) => series.get(metric)?.has(name)));
}
