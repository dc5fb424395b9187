import { describe, expect, it } from '@jest/globals';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { settingsOf } from '../generate.ts';
import { lintAlert, lintRecordingRule } from '../lint/rules.ts';
import { knownSeries } from '../lint/series.ts';
import { METRICS } from '../metrics.ts';
import { analyse } from '../lint/promql.ts';
import { recordingRules } from '../recording-rules.ts';
import { CASES } from '../rule-tests/index.ts';
import { alertGroups, allAlerts, exprOf } from './index.ts';

const settings = settingsOf({});
const alerts = allAlerts(settings);
const names = [...new Set(alerts.map(({ alert }) => alert))].sort();
const docs = path.join(import.meta.dirname, '../../../../docs');
const read = (page: string) => readFileSync(path.join(docs, page), 'utf8');

describe('rules', () => {
  const series = knownSeries();

  it('have no findings', () => {
    expect(alerts.flatMap((rule) => lintAlert(rule, series))).toEqual([]);
    expect(recordingRules(settings.windows).flatMap((rule) => lintRecordingRule(rule, series))).toEqual([]);
  });

  it('are marked as planned if, and only if, a metric that they can not do without is', () => {
    const planned = new Set(METRICS.filter((metric) => metric.planned).map(({ name }) => name));
    for (const rule of alerts) {
      const needed = analyse(rule.value).selectors.some(({ metric }) => planned.has(metric));
      expect([rule.alert, rule.planned ?? false]).toEqual([rule.alert, needed]);
    }
    expect(alerts.every((rule) => exprOf(rule).startsWith(rule.value))).toBe(true);
  });

  it('of one name differ in their window', () => {
    const keys = alerts.map(({ alert, labels }) => `${alert} ${labels?.['window'] ?? ''}`);
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('guard each promise of docs/reliability.md that a running service can break', () => {
    const promises = [...read('reliability.md').matchAll(/^\| (\d+) \| /gm)].map(([, number]) => Number(number));
    const guarded = new Set(alerts.flatMap((rule) => rule.promises ?? []));
    // 3, that requests can be retried, and 8, that old data can be opened, are shown by tests and by nothing that is measured.
    expect(promises.filter((number) => !guarded.has(number))).toEqual([3, 8]);
    expect([...guarded].filter((number) => !promises.includes(number))).toEqual([]);
  });
});

describe('cases for promtool', () => {
  it('are there for each rule: one that fires and one that must not, in the file of its group', () => {
    for (const [group, rules] of Object.entries(alertGroups(settings))) {
      const cases = CASES[group] ?? [];
      for (const { alert, labels } of rules) {
        const firing = cases.filter((one) => one.alert === alert).flatMap((one) => one.firing);
        const fires = firing.some((one) => one.labels['window'] === labels?.['window']);
        const silent = cases.some((one) => one.alert === alert && one.firing.length === 0);
        expect([alert, labels?.['window'], fires, silent]).toEqual([alert, labels?.['window'], true, true]);
      }
      expect(cases.filter(({ alert }) => !rules.some((rule) => rule.alert === alert))).toEqual([]);
    }
  });
});

describe('runbooks', () => {
  const pages = globSync('Cap*.md', { cwd: path.join(docs, 'runbooks') });

  it('are there for each alert, and for nothing else', () => {
    expect(pages.sort()).toEqual(names.map((name) => `${name}.md`));
  });

  it.each(pages)('%s says what it means, what it does, how to find out and what to do', (page) => {
    const text = read(`runbooks/${page}`);
    const headings = [...text.matchAll(/^(#+ .*)$/gm)].map(([, heading]) => heading);
    expect(headings).toEqual([`# ${page.slice(0, -3)}`, '## Meaning', '## Impact', '## Diagnosis', '## Mitigation']);
    for (const section of text.split(/^#.*$/m).slice(2)) expect(section.trim().length).toBeGreaterThan(40);
  });

  it('are in the index with their severity', () => {
    const index = read('runbooks/README.md');
    const missing = alerts.filter(
      ({ alert, severity }) => !new RegExp(`\\| \\[${alert}\\]\\(${alert}\\.md\\) \\|.*\\b${severity}\\b`).test(index),
    );
    expect(missing.map(({ alert }) => alert)).toEqual([]);
  });
});
