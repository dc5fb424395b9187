import { readFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import type { RuleStatus } from '@cap/policy';
import { checksOf, fail, ok, warn } from './findings.js';
import { CHECK_IDS, type CheckStatus } from './checks.js';
import { messageOf } from './messages.js';
import { verdictOf, type Check } from './report.js';

const checks = (...statuses: CheckStatus[]) => statuses.map((status) => ({ status }) as Check);
const rules = (...statuses: RuleStatus[]) => statuses.map((status) => ({ rule_id: 'r', status, fact: null }));

describe('verdictOf', () => {
  it.each<[CheckStatus[], RuleStatus[], string]>([
    [[], [], 'warn'],
    [['ok', 'ok'], [], 'warn'],
    [['fail'], [], 'fail'],
    [['ok', 'skipped'], ['proven', 'disclosed'], 'ok'],
    [['ok', 'warn'], ['proven'], 'warn'],
    [['ok'], ['claimed', 'proven'], 'warn'],
    [['warn', 'fail'], ['proven'], 'fail'],
    [['ok'], ['violated', 'claimed'], 'fail'],
    [['ok'], ['unproven', 'claimed'], 'fail'],
  ])('checks %j and rules %j: %s', (statuses, ruleStatuses, verdict) => {
    expect(verdictOf(checks(...statuses), rules(...ruleStatuses))).toBe(verdict);
  });
});

it('a sample of other rows is a fail, whatever else holds', () => {
  const sample = (result: 'ok' | 'fail') => ({ places: ['suppliers:0'], result });
  expect(verdictOf(checks('ok'), rules('proven'), sample('ok'))).toBe('ok');
  expect(verdictOf(checks('ok'), rules('proven'), sample('fail'))).toBe('fail');
});

describe('checksOf', () => {
  it('has every check once, in order, skipped unless something was found', () => {
    const all = checksOf([ok('proof.valid'), ok('meta.schema', { expected: 'a', actual: 'b' })]);
    expect(all.map(({ id }) => id)).toEqual(CHECK_IDS);
    expect(all[0]).toEqual({
      id: 'meta.schema',
      status: 'ok',
      expected: 'a',
      actual: 'b',
      message: messageOf('meta.schema', 'ok'),
    });
    expect(all.filter(({ status }) => status === 'skipped')).toHaveLength(CHECK_IDS.length - 2);
  });

  it('keeps the worst of several findings, the first among equals', () => {
    const all = checksOf([
      warn('signer.trusted', { actual: 'first warning' }),
      ok('signer.trusted'),
      fail('signer.trusted', { actual: 'first fault' }),
      fail('signer.trusted', { actual: 'second fault' }),
      warn('signer.trusted', { actual: 'second warning' }),
    ]);
    expect(all.find(({ id }) => id === 'signer.trusted')).toMatchObject({
      status: 'fail',
      actual: 'first fault',
    });
  });

  it('cuts long texts without breaking a character', () => {
    const found = checksOf([fail('files.unlisted', { actual: `${'x'.repeat(999)}💥 and more` })]);
    const { actual } = found.find(({ id }) => id === 'files.unlisted')!;
    expect(actual!.isWellFormed()).toBe(true);
    expect(actual!.length).toBeLessThan(1_010);
  });
});

it('docs/verdicts.md has every check, in pipeline order', async () => {
  const page = await readFile(new URL('../../../../docs/verdicts.md', import.meta.url), 'utf8');
  const rows = page.slice(page.indexOf('| check | ok when |')).split('\n').slice(2);
  const table = rows.slice(0, rows.indexOf(''));
  expect(table.map((row) => row.split('|')[1]!.trim())).toEqual(CHECK_IDS.map((id) => `\`${id}\``));
  for (const row of table) expect(row.split('|')).toHaveLength(6);
});

describe('messages', () => {
  it.each(CHECK_IDS)('%s says in English and German what it found', (id) => {
    for (const status of ['ok', 'skipped'] as const) {
      const { en, de } = messageOf(id, status);
      expect(en.length).toBeGreaterThan(10);
      expect(de).not.toBe(en);
    }
  });

  it.each(['signer.validity', 'statement.time', 'lists.company', 'lists.age'] as const)(
    '%s, judged by time, says the same whatever the status',
    (id) => {
      expect(messageOf(id, 'fail')).toEqual(messageOf(id, 'ok'));
      expect(messageOf(id, 'warn')).toEqual(messageOf(id, 'ok'));
    },
  );
});
