/** What docs/monitoring.md shows is what is there. */
import { expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { allAlerts } from './alerts/index.ts';
import { boards } from './boards/index.ts';
import { settingsOf } from './generate.ts';
import { knownSeries, lintExpression } from './lint/series.ts';
import { FOREIGN_SERIES, METRICS } from './metrics.ts';
import { JOBS } from './targets.ts';

const root = path.join(import.meta.dirname, '../../..');
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');
const page = read('docs/monitoring.md');
const block = (language: string) => new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'ms').exec(page)![1]!;

it('shows the minimal prometheus.yml, whose jobs are those that the rules expect, as are those of Compose', () => {
  expect(block('yaml')).toBe(read('deploy/monitoring/prometheus/prometheus.minimal.yml'));
  for (const name of ['prometheus.minimal.yml', 'prometheus.yml']) {
    const { scrape_configs } = parse(read(`deploy/monitoring/prometheus/${name}`)) as {
      scrape_configs: { job_name: string }[];
    };
    expect(scrape_configs.map(({ job_name }) => job_name)).toEqual([...JOBS]);
  }
});

it('shows queries without a fault', () => {
  const queries = block('promql')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  expect(queries).toHaveLength(7);
  expect(queries.flatMap((query) => lintExpression(query, 'docs/monitoring.md', knownSeries()))).toEqual([]);
});

it('names boards, alerts and metrics that exist, and every alert that waits for a metric', () => {
  const settings = settingsOf({});
  const alerts = allAlerts(settings);
  for (const { title, uid } of boards(settings)) expect(page).toContain(`| ${title} | \`${uid}\` |`);
  const named = [...page.matchAll(/`(Cap[A-Z]\w+)`/g)].map(([, name]) => name!);
  expect(named.filter((name) => !alerts.some(({ alert }) => alert === name))).toEqual([]);
  const waiting = alerts.filter(({ planned }) => planned).map(({ alert }) => `\`${alert}\``);
  const last = waiting.pop()!;
  expect(page).toContain(`${waiting.join(', ')} and ${last} wait for metrics`);
});

it('and the runbooks and docs/backup.md name metrics that exist', () => {
  const known = [...METRICS.map(({ name }) => name), ...Object.keys(FOREIGN_SERIES)];
  const pages = [
    ...new Set(allAlerts(settingsOf({})).map(({ alert }) => `docs/runbooks/${alert}.md`)),
    'docs/backup.md',
  ];
  for (const file of pages) {
    const named = [...read(file).matchAll(/\bcap_[a-z]+_[a-z0-9_]+\b/g)].map(([name]) => name);
    expect([file, named.filter((name) => !known.includes(name))]).toEqual([file, []]);
  }
});
