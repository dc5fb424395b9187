import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isCapError } from '@cap/core';
import { compilePolicy } from './compile.js';
import { parsePolicyText } from './parse.js';

const example = (name: string) => readFileSync(new URL(`../../../examples/policies/${name}`, import.meta.url));
const bytesOf = (text: string | number[]) => (typeof text === 'string' ? Buffer.from(text) : Uint8Array.from(text));
const parse = (bytes: Uint8Array) => parsePolicyText(bytes, 'p.yaml');

/** Compiles; null for what is refused as it should be. Any other error is a fault of ours. */
function compiled(bytes: Uint8Array) {
  try {
    return compilePolicy(parse(bytes));
  } catch (error) {
    if (isCapError(error) && error.code === 'policy.invalid') return null;
    throw error;
  }
}

describe('bytes', () => {
  it.each<[string, string | number[]]>([
    ['JSON in UTF-16', [...Buffer.from('\ufeff{"a":1}', 'utf16le')]],
    ['a surrogate in UTF-8', [0x61, 0x3a, 0x20, 0xed, 0xa0, 0x80]],
    ['an overlong slash', [0x61, 0x3a, 0x20, 0xc0, 0xaf]],
    ['a sequence that breaks off', [0x61, 0x3a, 0x20, 0xe2, 0x82]],
    ['Latin-1', [0x61, 0x3a, 0x20, 0xfc]],
    ['JSON with two byte order marks', '\ufeff\ufeff{"a":1}'],
    ['JSON after white space that JSON does not have', '\u00a0{"a":1}'],
    ['JSON with a comment', '{"a":1 /* one */}'],
    ['JSON with single quotes', "{'a':1}"],
    ['JSON with words for numbers', '{"a":NaN}'],
    ['JSON with a leading zero', '{"a":01}'],
    ['JSON with a control character', '{"a":"\u0001"}'],
    ['two JSON values', '{"a":1}{"a":1}'],
    ['a member name with a lone surrogate', '{"\\udc00":1}'],
    ['a duplicate deep in JSON', '[{"a":[{"b":{"c":1,"\\u0063":1}}]}]'],
    ['a duplicate __proto__', '{"__proto__":1,"__proto__":1}'],
    ['__proto__ in a list in YAML', '- a: 1\n- { __proto__: 1 }\n'],
    ['__proto__ in YAML, escaped', 'a: { "\\x5f_proto__": 1 }\n'],
    ['1e400 in a list', '{"a":[1,-1e400]}'],
  ])('%s: refused by name', (_, text) => {
    const refused = () => parse(bytesOf(text));
    expect(refused).toThrow(expect.objectContaining({ code: 'policy.invalid' }));
    expect(refused).toThrow(/^p\.yaml/);
  });

  it('a text may begin with a byte order mark, in YAML and in JSON; it is no part of it', () => {
    for (const text of ['a: 1\n', '{"a":1}', ' {"a":1}']) expect(parse(bytesOf(`\ufeff${text}`))).toEqual({ a: 1 });
  });

  it.each(['', ' \n', '# nothing\n', '---\n', 'text', '7', '[]', 'null', '{}'])('%j is no policy', (text) => {
    expect(compiled(bytesOf(text))).toBeNull();
  });

  it('names that objects have by themselves stand once like others', () => {
    const text = '{"constructor":1,"toString":2,"hasOwnProperty":3,"valueOf":{"constructor":4}}';
    expect(JSON.stringify(parse(bytesOf(text)))).toBe(text);
    const yaml = 'constructor: 1\ntoString: 2\nhasOwnProperty: 3\nvalueOf: { constructor: 4 }\n';
    expect(JSON.stringify(parse(bytesOf(yaml)))).toBe(text);
    expect(() => parse(bytesOf('constructor: 1\nconstructor: 2\n'))).toThrow('duplicate');
    expect(() => parse(bytesOf('{"constructor":1,"constructor":2}'))).toThrow('duplicate');
  });

  it('a million bytes are read, one more is not', () => {
    const long = (length: number) => bytesOf(`"${'x'.repeat(length - 2)}"`);
    expect(parse(long(1_000_000))).toHaveLength(999_998);
    expect(() => parse(long(1_000_001))).toThrow(/^p\.yaml: 1000001 bytes/);
  });
});

describe('a policy text that something happened to', () => {
  const json = example('lksg.v1.json');
  const yaml = example('lksg.v2.yaml');

  it('JSON that breaks off anywhere is no policy', () => {
    for (let length = 0; length < json.toString('utf8').trimEnd().length; length++)
      expect([length, compiled(json.subarray(0, length))]).toEqual([length, null]);
  });

  it('YAML that breaks off never keeps the hash of the whole', () => {
    const whole = compiled(yaml)!.policy_hash;
    const end = yaml.lastIndexOf("'");
    for (let length = 0; length < end; length += 7)
      expect(compiled(yaml.subarray(0, length))?.policy_hash).not.toBe(whole);
  });

  it.each([
    ['JSON', json],
    ['YAML', yaml],
  ])('%s with changed bytes is refused as a policy, or is another one with a hash', (_, text) => {
    const changes = fc.array(fc.tuple(fc.nat(text.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(changes, (changed) => {
        const bytes = Buffer.from(text);
        for (const [at, byte] of changed) bytes[at] = byte;
        const policy = compiled(bytes);
        if (policy) expect(policy.policy_hash).toMatch(/^0x[0-9a-f]{64}$/);
      }),
      { numRuns: 300 },
    );
  });

  it('any bytes are refused as a policy', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(compiled(bytes)).toBeNull();
      }),
      { numRuns: 300 },
    );
    // Made of what JSON and YAML are made of.
    const piece = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ':',
      ',',
      '"',
      "'",
      '\\',
      '\n',
      ' ',
      '- ',
      '? ',
      '&a ',
      '*a',
      '!!map ',
      '|',
      '>',
      '%',
      '#',
      '---',
      '...',
      'a',
      '1',
      '<<',
      '\t',
      '\ufeff',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        expect(compiled(bytesOf(pieces.join('')))).toBeNull();
      }),
      { numRuns: 2000 },
    );
  });
});
