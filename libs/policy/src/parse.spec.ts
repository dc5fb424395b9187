import { describe, expect, it } from '@jest/globals';
import { isCapError, type JsonObject, type JsonValue } from '@cap/core';
import { compilePolicy } from './compile.js';
import { parsePolicyText } from './parse.js';

const parse = (text: string | Uint8Array) =>
  parsePolicyText(typeof text === 'string' ? Buffer.from(text) : text, 'policy.yaml');
const thrown = (action: () => unknown) => {
  try {
    action();
  } catch (error) {
    return error as Error & { code: string };
  }
  throw new Error('nothing was thrown');
};

describe('policy text', () => {
  it('is JSON or YAML with the same values', () => {
    const value = { id: 'a', rules: [{ op: 'eq', rhs: 1, flag: true }], text: '§ 5 – ü' };
    expect(parse(JSON.stringify(value))).toEqual(value);
    expect(parse('id: a\nrules:\n  - { op: eq, rhs: 1, flag: true }\ntext: § 5 – ü\n')).toEqual(value);
    // YAML 1.2: `no` and `on` are text, so that Norway and a switch are what was written.
    expect(parse('country: no\nswitch: on\n')).toEqual({ country: 'no', switch: 'on' });
  });

  it.each<[string, string | Uint8Array, string]>([
    ['JSON that breaks off', '{"a":', 'policy.yaml'],
    ['JSON with a comma too many', '{"a":1,}', 'policy.yaml'],
    ['two members of one name', '{"a":1,"b":{"c":1,"c":2}}', 'line 1, column 19'],
    ['two members of one name, one escaped', '{"ab":1,\n "\\u0061b":2}', 'line 2, column 2'],
    ['two members of one name in YAML', 'a: 1\na: 2\n', ':2:1'],
    ['YAML that breaks off', 'a: [1, 2\n', 'policy.yaml:'],
    ['a tab as indentation', 'a:\n\tb: 1\n', ':2:'],
    ['__proto__ in JSON', '{"__proto__":{"a":1}}', '__proto__'],
    ['__proto__ in JSON, escaped', '{"\\u005f_proto__":{"a":1}}', '__proto__'],
    ['__proto__ in YAML', 'a:\n  __proto__: 1\n', '__proto__'],
    ['an alias', 'a: &x 1\nb: *x\n', 'Alias'],
    [
      'an alias bomb',
      `a0: &a0 [x]\n${Array.from({ length: 30 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}]`).join('\n')}`,
      'Alias',
    ],
    ['a merge key', 'a: &x { b: 1 }\nc:\n  <<: *x\n', 'policy.yaml'],
    ['a tag of another language', 'a: !!js/function "x"\n', 'policy.yaml'],
    ['two documents', 'a: 1\n---\nb: 2\n', 'policy.yaml'],
    ['nesting without end', '['.repeat(100) + ']'.repeat(100), 'nested'],
    ['nesting that breaks parsers', '['.repeat(200_000), 'policy.yaml'],
    ['nesting without end in YAML', `a: ${'['.repeat(5_000)}${']'.repeat(5_000)}`, 'policy.yaml'],
    ['a number that is none', '{"a":1e400}', 'finite'],
    ['a number that is none in YAML', 'a: .nan\n', 'finite'],
    ['an integer beyond 2^53', '{"a":9007199254740993}', '2^53'],
    ['a lone surrogate', '{"a":"\\ud800"}', 'surrogate'],
    ['bytes that are not UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), 'policy.yaml'],
    ['more bytes than a policy needs', Buffer.alloc(1_000_001, 'a'), '1000001'],
  ])('refuses %s', (_, text, place) => {
    const error = thrown(() => parse(text));
    expect(isCapError(error) && error.code).toBe('policy.invalid');
    expect(error.message).toContain('policy.yaml');
    expect(error.message).toContain(place);
  });
});

const V1: JsonObject = {
  version: 'lksg.v1',
  name: 'Test',
  created_at: '2026-01-01T00:00:00Z',
  constraints: {
    require_at_least_one_ubo: true,
    supplier_count_max: 10,
    ubo_count_min: 1,
    require_statement_roots: ['sanctions_root'],
  },
  notes: 'n',
};
const V2: JsonObject = {
  id: 'lksg.core',
  version: '1.0.0',
  legal_basis: [{ directive: 'LkSG', article: '§ 5' }],
  description: 'd',
  inputs: { zone: 1 },
  rules: [
    { id: 'r', op: 'range_max', lhs: 'supplier_count', rhs: 1, distinct: true, max_age_days: 3, scheme: 'id' },
    { id: 's', op: 'in', lhs: 'suppliers.code', rhs: { exclude_risk: 'high' }, unless: 'due_diligence' },
  ],
  adaptivity: { activations: [{ rule: 'r' }] },
};

/** Every path to a member or item of a value. */
function* paths(value: JsonValue, path: (string | number)[] = []): Generator<(string | number)[]> {
  if (path.length > 0) yield path;
  if (Array.isArray(value)) for (const [i, item] of value.entries()) yield* paths(item, [...path, i]);
  else if (value !== null && typeof value === 'object')
    for (const [key, member] of Object.entries(value)) yield* paths(member, [...path, key]);
}
function replaced(value: JsonValue, [head, ...rest]: (string | number)[], by: JsonValue): JsonValue {
  if (head === undefined) return by;
  const copy = (Array.isArray(value) ? [...value] : { ...(value as JsonObject) }) as Record<string | number, JsonValue>;
  copy[head] = replaced(copy[head]!, rest, by);
  return copy as JsonValue;
}

it.each([
  ['a hash', `0x${'ab'.repeat(32)}`],
  ['a hash in capitals', `0x${'AB'.repeat(32)}`],
  ['a UUID', '0afcb402-e74f-86a1-9601-863fc4ae2f2d'],
])('an id that reads like %s is refused: it would be taken for another policy', (_, id) => {
  expect(() => compilePolicy({ ...V2, id })).toThrow('id: looks like a hash or a UUID, which an id must not');
});

describe('values of another type', () => {
  const OTHERS: JsonValue[] = [null, [], {}, '', 'x', -1, 1.5, true, { constructor: 1 }, { var: 'x' }];
  const cases = (document: JsonObject) =>
    [...paths(document)].flatMap((path) =>
      OTHERS.map((other): [string, JsonValue] => [
        `${path.join('.')} = ${JSON.stringify(other)}`,
        replaced(document, path, other),
      ]),
    );

  // What may stand in a place is accepted; everything else is a fault that is named, never an error of our own.
  it.each([...cases(V1), ...cases(V2)])('%s', (_, document) => {
    let compiled;
    try {
      compiled = compilePolicy(document);
    } catch (error) {
      expect(isCapError(error) && error.code).toBe('policy.invalid');
      expect((error as Error).message).toMatch(/^[A-Za-z_]+(\.[\w]+)*: /);
      return;
    }
    // A number or a text that no rule can use stays a lint.
    expect(compiled.policy_hash).toMatch(/^0x[0-9a-f]{64}$/);
    for (const { rule_id, requirement } of compiled.rules) expect(requirement?.rule_id ?? rule_id).toBe(rule_id);
  });

  it('some of them may stand there', () => {
    const accepted = [...cases(V1), ...cases(V2)].filter(([, document]) => {
      try {
        return compilePolicy(document);
      } catch {
        return false;
      }
    });
    const places = accepted.map(([name]) => name);
    expect(places).toEqual(expect.arrayContaining(['notes = ""', 'inputs.zone = null', 'rules.0.lhs = {"var":"x"}']));
    expect(
      places.filter((name) => /^(constraints|version|rules|legal_basis|adaptivity) = ["tn\d-]/.test(name)),
    ).toEqual([
      'version = "x"', // of v2, where it is any name
    ]);
  });

  it.each<[JsonValue]>([[null], [true], [7], ['x'], [[]], [{}], [{ constructor: {} }], [{ toString: 1 }]])(
    '%p is no policy',
    (document) => {
      expect(thrown(() => compilePolicy(document)).code).toBe('policy.invalid');
    },
  );

  it.each(['constraints', 'version', 'name', 'created_at'])('v1 without %s is refused by name', (name) => {
    const { [name]: _left, ...without } = V1;
    const error = thrown(() =>
      compilePolicy({
        constraints: V1.constraints!,
        ...without,
        ...(name === 'constraints' ? { constraints: {} } : {}),
      }),
    );
    expect([error.code, error.message.includes(name)]).toEqual(['policy.invalid', true]);
  });

  it('an unknown member is refused at every depth', () => {
    const more = (document: JsonObject, path: (string | number)[]) =>
      thrown(() => compilePolicy(replaced(document, [...path, 'surprise'], 1))).message;
    for (const path of [[], ['constraints']]) expect(more(V1, path)).toContain('surprise');
    for (const path of [[], ['rules', 0], ['legal_basis', 0]]) expect(more(V2, path)).toContain('surprise');
  });

  it('names that objects have by themselves are names like others', () => {
    const rules = ['constructor', 'toString', 'hasOwnProperty'].map((id) => ({
      id,
      op: 'range_max',
      lhs: 'supplier_count',
      rhs: 1,
    }));
    const compiled = compilePolicy({ ...V2, rules, adaptivity: {} });
    expect(compiled.rules.map(({ rule_id }) => rule_id)).toEqual(['constructor', 'toString', 'hasOwnProperty']);
    expect(compiled.lints).toEqual([]);
  });
});
