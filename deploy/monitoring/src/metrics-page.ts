import { type Metric, METRIC_GROUPS } from './metrics.ts';
import { recordingRules } from './recording-rules.ts';
import { JOBS } from './targets.ts';
import { windowsAt } from './windows.ts';

const BEGIN =
  '<!-- metrics: generated from deploy/monitoring/src/metrics.ts by pnpm --filter @cap/monitoring generate -->';
const END = '<!-- /metrics -->';

const services = ({ services: some }: Metric) =>
  some.length === JOBS.length ? 'all' : some.map((job) => job.replace('cap-', '')).join(', ');

const row = (metric: Metric) => {
  const { name, type, unit, labels, help, planned } = metric;
  const series = labels.length === 0 ? name : `${name}{${labels.join(',')}}`;
  return `| \`${series}\` | ${type} | ${unit} | ${services(metric)} | ${planned ? '*planned:* ' : ''}${help} |`;
};

function tables(): string {
  const groups = Object.entries(METRIC_GROUPS).map(
    ([title, metrics]) =>
      `### ${title}\n\n| metric | type | unit | service | |\n|---|---|---|---|---|\n${metrics.map(row).join('\n')}\n`,
  );
  const recorded = recordingRules(windowsAt()).map(
    ({ record, labels, help }) => `| \`${record}{${labels.join(',')}}\` | ${help} |`,
  );
  return `${groups.join('\n')}\n### Recorded series\n\n| series | |\n|---|---|\n${recorded.join('\n')}\n`;
}

/** The page with its tables renewed. */
export function metricsPage(page: string): string {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`docs/metrics.md has no region between ${BEGIN} and ${END}`);
  return `${page.slice(0, begin + BEGIN.length)}\n\n${tables()}\n${page.slice(end)}`;
}
