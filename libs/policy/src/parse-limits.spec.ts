import { describe, expect, it } from '@jest/globals';
import { isCapError } from '@cap/core';
import { parsePolicyText } from './parse.js';

const parse = (text: string) => parsePolicyText(Buffer.from(text), 'policy.yaml');
const refusal = (action: () => unknown): string => {
  try {
    action();
  } catch (error) {
    expect(isCapError(error) && error.code).toBe('policy.invalid');
    return (error as Error).message;
  }
  throw new Error('nothing was thrown');
};

describe('names of members in YAML', () => {
  it.each<[string, string, string]>([
    ['a number and the text of it are one name in JSON', 'inputs:\n  1: a\n  "1": b\n', 'policy.yaml:2:3'],
    ['a number', 'inputs: { 010: a }\n', 'policy.yaml:1:11'],
    ['true', 'true: a\n', 'policy.yaml:1:1'],
    ['nothing', '"": a\nnull: b\n', 'policy.yaml:2:1'],
    ['a list', '? [a, b]\n: 1\n', 'policy.yaml:1:3'],
    ['a map', '? { c: 1 }\n: 1\n', 'policy.yaml:1:3'],
    ['an alias', 'a: &x b\n*x : c\n', 'policy.yaml:2:1'],
    ['a duplicate, in a flow map', 'a: { b: 1, "b": 2 }\n', 'policy.yaml:1:12'],
    ['a duplicate, deep', 'a:\n  - b:\n      c: 1\n      "\\u0063": 2\n', 'policy.yaml:4:7'],
  ])('%s is refused', (_, text, place) => {
    expect(refusal(() => parse(text))).toMatch(
      new RegExp(`${place}: (the name of a member must be text|duplicate member)`),
    );
  });

  it('one name may stand in two maps, and a quoted number is text', () => {
    expect(parse('a: { b: 1 }\nc: { b: 1, "1": 2 }\n')).toEqual({ a: { b: 1 }, c: { b: 1, '1': 2 } });
  });
});

describe('texts of the largest size', () => {
  // A check of each name with every other takes minutes for either, far beyond what a test may take.
  const mapOf = (length: number) => {
    const names = Array.from({ length }, (_, i) => `k${i}`);
    return {
      YAML: names.map((name) => `${name}: 1`).join('\n'),
      'YAML flow': `a: {${names.map((name) => `${name}: 1`).join(', ')}}`,
      JSON: JSON.stringify(Object.fromEntries(names.map((name) => [name, 1]))),
    };
  };
  it.each(['YAML', 'YAML flow', 'JSON'] as const)('a map of many members in %s, and of too many', (form) => {
    expect(JSON.stringify(parse(mapOf(20_000)[form]))).toContain('"k19999":1');
    expect(refusal(() => parse(mapOf(60_000)[form]))).toMatch(/more than \d+ (members|lines and items)/);
  });

  it('a sentence with many commas and line breaks counts as what it is', () => {
    const prose = `description: |\n${'  a, b - c: d\n'.repeat(9_000)}`;
    expect(JSON.stringify(parse(prose))).toContain('a, b - c: d');
  });
});

describe('YAML that says more than plain JSON', () => {
  it.each<[string, string]>([
    ['a set', 'a: !!set { x, y }\n'],
    ['an ordered map', 'a: !!omap [x: 1]\n'],
    ['bytes', 'a: !!binary aGVsbG8=\n'],
    ['a tag of its own', 'a: !foo 5\n'],
    ['a self-reference', 'a: &x [*x]\n'],
    ['infinity', 'a: -.inf\n'],
    ['an integer beyond 2^53', 'a: 0x20000000000001\n'],
    ['a number that is too large', 'a: 1e999\n'],
    ['deep blocks', `${'- '.repeat(2_000)}x`],
    ['a lone surrogate', 'a: "\\uD800"\n'],
  ])('%s is refused', (_, text) => {
    expect(refusal(() => parse(text))).toMatch(/^policy\.yaml:/);
  });

  it('%YAML 1.1 does not turn text into switches or dates', () => {
    const value = { a: 'no', b: '1_000', c: '2001-01-01' };
    expect(parse('%YAML 1.1\n---\na: no\nb: 1_000\nc: 2001-01-01\n')).toEqual(value);
  });

  it('an anchor that nobody refers to changes nothing', () => {
    expect(parse('a: &x 5\n')).toEqual({ a: 5 });
  });
});
