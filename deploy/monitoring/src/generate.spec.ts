import { expect, it } from '@jest/globals';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { generate } from './generate.ts';
import { metricsPage } from './metrics-page.ts';

const folder = path.join(import.meta.dirname, '..');
const read = (file: string) => readFileSync(path.join(folder, file), 'utf8');

interface Rule {
  alert?: string;
  record?: string;
  expr: string;
  for?: string;
  annotations?: Record<string, string>;
}
const rulesOf = (files: Map<string, string>) =>
  [...files]
    .filter(([name]) => name.startsWith('prometheus/rules/'))
    .flatMap(([, text]) => (parse(text) as { groups: { rules: Rule[] }[] }).groups.flatMap(({ rules }) => rules));

it('makes the files that are committed, and no others are there', () => {
  const files = generate();
  for (const [name, text] of files) expect([name, read(name)]).toEqual([name, text]);
  const committed = globSync('{prometheus/rules,prometheus/tests,grafana/dashboards,alertmanager}/*', { cwd: folder });
  expect(committed.sort()).toEqual([...files.keys()].sort());
});

it('makes the tables of docs/metrics.md', () => {
  const page = read('../../docs/metrics.md');
  expect(metricsPage(page)).toBe(page);
  expect(() => metricsPage('# Metrics')).toThrow('has no region');
});

it('scales every window down, and changes nothing else', () => {
  const [real, small] = [rulesOf(generate()), rulesOf(generate({ scale: 1 / 60 }))];
  const burn = (rules: Rule[]) => rules.find(({ alert }) => alert === 'CapErrorBudgetBurn')!.expr;
  expect(burn(real)).toContain('[1h]');
  expect(burn(small)).toContain('[1m]');
  const withoutWindows = ({ expr }: Rule) => expr.replace(/\[\w+\]/g, '[…]').replace(/(\* |, )[\d.]+/g, '$1…');
  expect(small.map(withoutWindows)).toEqual(real.map(withoutWindows));
  expect(small.map(({ alert, record }) => alert ?? record)).toEqual(real.map(({ alert, record }) => alert ?? record));
  const down = (rules: Rule[]) => rules.find(({ alert }) => alert === 'CapServiceDown')!.for;
  expect([down(real), down(small)]).toEqual(['2m', '2s']);
});

it('takes thresholds and the place of the runbooks', () => {
  const files = generate({ thresholds: { backupAgeSeconds: 5 }, runbooks: 'https://wiki.example.com/cap' });
  const rule = rulesOf(files).find(({ alert }) => alert === 'CapBackupTooOld')!;
  expect(rule.expr).toMatch(/> 5$/);
  expect(rule.annotations!['runbook_url']).toBe('https://wiki.example.com/cap/CapBackupTooOld.md');
  expect(files.get('grafana/dashboards/cap-backup.json')).toContain('https://wiki.example.com/cap/CapBackupTooOld.md');
});
