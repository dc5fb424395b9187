import type { Thresholds } from '../thresholds.ts';
import type { Duration, Windows } from '../windows.ts';

export type Severity = 'page' | 'ticket';

export interface AlertRule {
  readonly alert: `Cap${string}`;
  /** What is compared; several rules of one alert differ in the window label. */
  readonly value: string;
  readonly comparison: '>' | '>=' | '<' | '==';
  /** Boards draw their line here. */
  readonly threshold: number;
  /** A further condition, as PromQL that follows the comparison. */
  readonly condition?: string;
  readonly for?: Duration;
  readonly severity: Severity;
  readonly labels?: Readonly<Record<string, string>>;
  readonly summary: string;
  readonly description: string;
  /** Numbers of the promises in docs/reliability.md that it guards. */
  readonly promises?: readonly number[];
  /** No service has the metric yet. */
  readonly planned?: true;
}

/** What rules are made for: the windows of production or of a test, thresholds, and where runbooks are. */
export interface RuleSettings {
  readonly windows: Windows;
  readonly thresholds: Thresholds;
  readonly runbooks: string;
}

export const exprOf = ({ value, comparison, threshold, condition }: AlertRule): string =>
  `${value} ${comparison} ${threshold}${condition === undefined ? '' : `\n${condition}`}`;

export const runbookUrl = (alert: string, runbooks: string): string => `${runbooks}/${alert}.md`;
