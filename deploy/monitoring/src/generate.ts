import type { RuleSettings } from './alerts/index.ts';
import { alertmanagerFile } from './alertmanager.ts';
import { boards } from './boards/index.ts';
import { ruleFiles } from './rule-files.ts';
import { CASES, ruleTestFile } from './rule-tests/index.ts';
import { DEFAULT_THRESHOLDS, type Thresholds } from './thresholds.ts';
import { windowsAt } from './windows.ts';

interface GenerateOptions {
  /** 1/60 makes five minutes of every hour's alert a second's; see windowsAt. */
  readonly scale?: number;
  readonly thresholds?: Partial<Thresholds>;
  /** Where the runbooks can be read: a URL, or by default their place in the repository. */
  readonly runbooks?: string;
}

export const settingsOf = ({
  scale = 1,
  thresholds = {},
  runbooks = 'docs/runbooks',
}: GenerateOptions): RuleSettings => ({
  windows: windowsAt(scale),
  thresholds: { ...DEFAULT_THRESHOLDS, ...thresholds },
  runbooks,
});

/** Every generated file: its path below deploy/monitoring, and its text. */
export function generate(options: GenerateOptions = {}): Map<string, string> {
  const settings = settingsOf(options);
  return new Map([
    ...Object.entries(ruleFiles(settings)).map(([name, text]): [string, string] => [`prometheus/rules/${name}`, text]),
    ...Object.entries(CASES).map(([name, cases]): [string, string] => [
      `prometheus/tests/${name}.yaml`,
      ruleTestFile(name, cases, settings.runbooks),
    ]),
    ['alertmanager/alertmanager.yml', alertmanagerFile()],
    ...boards(settings).map((board): [string, string] => [
      `grafana/dashboards/${board.uid}.json`,
      `${JSON.stringify(board, null, 2)}\n`,
    ]),
  ]);
}
