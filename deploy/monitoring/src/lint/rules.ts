import { type AlertRule, exprOf } from '../alerts/index.ts';
import type { RecordingRule } from '../recording-rules.ts';
import { type Finding, lintExpression, type SeriesLabels, unknownLabels } from './series.ts';

const LABEL = /\$labels\.(\w+)/g;

export function lintAlert(rule: AlertRule, series: SeriesLabels): Finding[] {
  const { alert, summary, description, threshold, labels } = rule;
  const finding = (name: string, message: string): Finding => ({ rule: name, place: alert, message });
  const named = (text: string) => [...text.matchAll(LABEL)].map(([, label]) => label!);
  const expr = exprOf(rule);
  const missing = unknownLabels(expr, [...named(summary), ...named(description)], series);
  return [
    ...lintExpression(expr, alert, series),
    ...(/^Cap([A-Z][a-z]+)+$/.test(alert) ? [] : [finding('name', 'a name is CamelCase and begins with Cap')]),
    ...(Number.isFinite(threshold) ? [] : [finding('threshold', 'the threshold is not a number')]),
    ...(labels && 'severity' in labels ? [finding('severity', 'its severity is no label of its own')] : []),
    ...(summary.length > 0 && !/[.!]$/.test(summary) ? [] : [finding('summary', 'a summary is one line, no sentence')]),
    ...(/\.$/.test(description) ? [] : [finding('description', 'a description is a sentence')]),
    ...(/\$value/.test(description) ? [] : [finding('description', 'the description does not give the value')]),
    ...(/\$labels\.(instance|job|environment)\b/.test(description)
      ? []
      : [finding('description', 'the description does not say where')]),
    ...missing.map((label) => finding('label', `the texts name a label ${label} that no series of it has`)),
  ];
}

export const lintRecordingRule = ({ record, expr }: RecordingRule, series: SeriesLabels): Finding[] => [
  ...lintExpression(expr, record, series),
  ...(/^cap:[a-z_]+:[a-z0-9_]+$/.test(record)
    ? []
    : [{ rule: 'name', place: record, message: 'a recorded series is named cap:what:how' }]),
];
