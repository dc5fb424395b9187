import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '@cap/core';
import { compilePolicy } from './compile.js';
import { parsePolicyText } from './parse.js';
import { runPolicyTests } from './policy-tests.js';

const text = (name: string) =>
  readFileSync(new URL(`../../../examples/policies/pack/${name}`, import.meta.url), 'utf8');
const parsed = (name: string) => parsePolicyText(Buffer.from(text(name)), name) as JsonObject;

interface Duties {
  policy: string;
  duties: { section: string; duty: Words; rules: string[]; shows: Words; cannot_show: Words }[];
}
type Words = { de: string; en: string };
const { policy, duties } = JSON.parse(text('duties.json')) as Duties;
const compiled = compilePolicy(parsed('lksg.pack.v2.yaml'));

describe('the policy pack', () => {
  it('is free of lints, and its cases pass', () => {
    expect([compiled.policy_id, compiled.lints]).toEqual([policy, []]);
    const results = runPolicyTests(parsed('lksg.pack.v2.yaml'), parsed('lksg.pack.v2.cases.yaml'));
    expect(results.filter(({ ok }) => !ok)).toEqual([]);
  });

  it('says for each duty of §§ 3 to 10 what supports it, and for each rule which duty it supports', () => {
    expect(duties.map(({ section }) => section)).toEqual([3, 4, 5, 6, 7, 8, 9, 10].map((n) => `§ ${n}`));
    const named = new Set(duties.flatMap(({ rules }) => rules));
    expect([...named].sort()).toEqual(compiled.rules.map(({ rule_id }) => rule_id).sort());
    const based = new Set((compiled.document.legal_basis as JsonObject[]).map(({ article }) => article));
    for (const { section, rules } of duties) expect(based.has(section)).toBe(rules.length > 0);
  });

  it('says so in German and English, with what no proof can show', () => {
    for (const [page, language] of [
      ['README.md', 'en'],
      ['LIESMICH.md', 'de'],
    ] as const)
      for (const { section, duty, shows, cannot_show } of duties)
        expect(
          text(page)
            .split('\n')
            .find((line) => line.startsWith(`| ${section} `)),
        ).toMatch(
          new RegExp(
            [duty, shows, cannot_show]
              .map((words) => words[language].replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
              .join('.*'),
          ),
        );
  });
});
