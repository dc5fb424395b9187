import { readFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import type { Report } from '@cap/verify';
import { renderReport } from './render.js';

const digest = (digit: string) => `0x${digit.repeat(64)}` as const;

const report: Report = {
  schema: 'cap-report.v2',
  result: 'fail',
  bundle_id: digest('1'),
  manifest_hash: digest('2'),
  proof_hash: digest('3'),
  policy_hash: null,
  trust_hash: null,
  accepted: { backends: ['disclosure', 'mock'], allow_mock: true },
  options: {},
  at: null,
  signers: [{ kid: 'ab'.repeat(16), owner: null }],
  company: 'Musterwerk AG',
  statement: { issued_at: '2026-01-15T09:30:00Z', expires_at: null },
  lists: [],
  cleared: [],
  sample: null,
  notes: [],
  checks: [
    {
      id: 'meta.schema',
      status: 'ok',
      expected: null,
      actual: null,
      message: { en: 'known format', de: 'Format bekannt' },
    },
    {
      id: 'policy.hash',
      status: 'fail',
      expected: digest('a'),
      actual: digest('b'),
      message: { en: 'differs', de: 'weicht ab' },
    },
    { id: 'timestamp', status: 'skipped', expected: null, actual: null, message: { en: 'none', de: 'keiner' } },
  ],
  rules: [
    { rule_id: 'few', status: 'violated', fact: { kind: 'count', list: 'suppliers', max: 48 } },
    { rule_id: 'many', status: 'unproven', fact: null },
  ],
};

describe('the report as it is printed', () => {
  it('says the verdict first, then rules, then each check, in English', () => {
    const text = renderReport(report, { language: 'en', colour: false });
    expect(text.split('\n')[0]).toBe('FAILED');
    expect(text).toMatch(/^Company +Musterwerk AG$/m);
    expect(text).toMatch(/^Signed by +not in your trust store \(abab/m);
    expect(text).toMatch(/VIOLATED\s+few\s+suppliers: row count at most 48$/m);
    expect(text).toMatch(/UNPROVEN\s+many$/m);
    expect(text).toMatch(/ok\s+meta\.schema\s+known format$/m);
    expect(text).toMatch(
      new RegExp(`FAILED\\s+policy\\.hash\\s+differs\\n\\s+expected: ${digest('a')}\\n\\s+found: ${digest('b')}`),
    );
    expect(text.indexOf('Rules')).toBeLessThan(text.indexOf('Checks'));
  });

  it.each([
    ['ok', 'ok', 'en', /^OK: every rule holds for the committed rows, .* and the opened rows are those of the proof$/],
    ['ok', 'ok', 'de', /^IN ORDNUNG: .*festgelegten Zeilen, .* und die geöffneten Zeilen gehören zum Beweis$/],
    [
      'warn',
      'ok',
      'en',
      /^WARNING: no check failed, and the opened rows are those of the proof, but see the warnings below$/,
    ],
    ['fail', 'fail', 'en', /^FAILED: the opened rows could not be confirmed as those of the proof$/],
    ['fail', 'ok', 'en', /^FAILED$/],
    [
      'warn',
      'ok',
      'de',
      /^WARNUNG: .*, und die geöffneten Zeilen gehören zum Beweis, aber beachten Sie die Warnungen unten$/,
    ],
    [
      'fail',
      'fail',
      'de',
      /^NICHT BESTANDEN: die geöffneten Zeilen ließen sich nicht als die des Beweises bestätigen$/,
    ],
  ] as const)('its first line covers the sample: verdict %s, sample %s, %s', (result, sample, language, line) => {
    const judged = { ...report, result, sample: { places: ['suppliers:0'], result: sample } };
    expect(renderReport(judged, { language, colour: false }).split('\n')[0]).toMatch(line);
  });

  it.each([
    ['ok', 'en', 'OK: every rule holds for the committed rows, and no check found anything wrong'],
    ['ok', 'de', 'IN ORDNUNG: jede Regel gilt für die festgelegten Zeilen, und keine Prüfung fand einen Fehler'],
    ['warn', 'en', 'WARNING: no check failed, but see the warnings below'],
    ['warn', 'de', 'WARNUNG: keine Prüfung ist fehlgeschlagen, aber beachten Sie die Warnungen unten'],
  ] as const)('its first line says no more than was checked: %s, %s', (result, language, line) => {
    expect(renderReport({ ...report, result }, { language, colour: false }).split('\n')[0]).toBe(line);
  });

  it('is quoted on the page as it is printed', async () => {
    const [line] = renderReport({ ...report, result: 'ok' }, { language: 'en', colour: false }).split('\n');
    expect(await readFile('docs/verdicts.md', 'utf8')).toContain(`\n${line}\n\nBundle`);
  });

  it('speaks German', () => {
    const text = renderReport(report, { language: 'de', colour: false });
    expect(text.split('\n')[0]).toBe('NICHT BESTANDEN');
    expect(text).toMatch(/VERLETZT\s+few\s+suppliers: Zeilenzahl höchstens 48$/m);
    expect(text).toMatch(/entfällt\s+timestamp\s+keiner$/m);
    expect(text).toContain(`gefunden: ${digest('b')}`);
  });

  it('shows words from outside without what moves the cursor', () => {
    const [check] = report.checks.filter(({ status }) => status === 'fail');
    const hostile: Report = {
      ...report,
      checks: [{ ...check!, expected: 'a\u001b[2J', actual: 'b\u202e\nok  signature.valid' }],
      rules: [
        { rule_id: 'r\u009b', status: 'proven', fact: { kind: 'count', list: 's\u200b', max: 1 } },
        { rule_id: 'q', status: 'proven', fact: { 'later\u0085': '\u2028' } },
      ],
    };
    const text = renderReport(hostile, { language: 'en', colour: false });
    // eslint-disable-next-line no-control-regex
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u0080-\u009f\u200b\u2028\u202e]/);
    for (const shown of ['a\\u{1b}[2J', 'b\\u{202e}\\u{a}ok', 'r\\u{9b}', 's\\u{200b}', 'later\\u{85}'])
      expect(text).toContain(shown);
  });

  it('has colour only when asked to', () => {
    // eslint-disable-next-line no-control-regex
    const escape = /\u001b\[/;
    expect(renderReport(report, { language: 'en', colour: false })).not.toMatch(escape);
    expect(renderReport(report, { language: 'en', colour: true })).toMatch(escape);
  });
});
