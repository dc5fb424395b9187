import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CapError } from './errors.js';
import { isCanonicalJson, jcs, jcsText, parseAmbiguousJson, parseJson } from './json.js';

const codeOf = (action: () => unknown): string => {
  try {
    action();
  } catch (error) {
    if (error instanceof CapError) return error.code;
    throw error;
  }
  return 'nothing thrown';
};

describe('canonical JSON', () => {
  it('sorts members by UTF-16 code units, at every depth, as RFC 8785 section 3.2.3 shows', () => {
    const text = jcsText({
      '€': 1,
      '\r': 2,
      '\ufb33': 3,
      '1': 4,
      '😀': 5,
      '\u0080': 6,
      ö: 7,
      n: { b: [1.0, 0.5, 1e-7], a: null },
    });
    expect(text).toBe('{"\\r":2,"1":4,"n":{"a":null,"b":[1,0.5,1e-7]},"\u0080":6,"ö":7,"€":1,"😀":5,"\ufb33":3}');
  });

  it('leaves out undefined members', () => {
    expect(jcsText({ a: undefined, b: 1 })).toBe('{"b":1}');
  });

  it.each([
    ['a lone surrogate', { a: ['\ud800'] }, /\$\.a\[0\]: string with a lone surrogate/],
    ['a lone surrogate in a name', { '\udc00': 1 }, /member name/],
    ['NaN', { a: NaN }, /not finite/],
    ['an integer beyond 2^53', [2 ** 53], /\$\[0\]: integer beyond/],
    ['undefined in an array', [undefined], /undefined is not JSON/],
    ['a date', { a: new Date(0) }, /not a plain object/],
    ['a bigint', 1n, /bigint/],
  ])('refuses %s and names the place', (_name, value, message) => {
    expect(codeOf(() => jcs(value))).toBe('json.uncanonical');
    expect(() => jcs(value)).toThrow(message);
  });

  it('refuses bottomless nesting instead of overflowing the stack', () => {
    const deep: unknown[] = [];
    let at = deep;
    for (let i = 0; i < 100_000; i++) at.push((at = [] as unknown[]));
    expect(codeOf(() => jcs(deep))).toBe('json.uncanonical');
  });

  it('is its own only spelling', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        let bytes: Buffer;
        try {
          bytes = jcs(value);
        } catch (error) {
          expect(error).toBeInstanceOf(CapError);
          return;
        }
        if (bytes.includes('__proto__')) return; // canonical, and refused when it is read
        const again = parseJson(bytes, 'value');
        expect(isCanonicalJson(bytes, again)).toBe(true);
        expect(isCanonicalJson(Buffer.concat([bytes, Buffer.from(' ')]), again)).toBe(false);
      }),
      { numRuns: 300 },
    );
  });
});

describe('parseJson', () => {
  it.each([
    ['bytes that are not UTF-8', Buffer.from([0x22, 0xff, 0x22])],
    ['a byte order mark', Buffer.from('\ufeff{}')],
    ['a syntax error', Buffer.from('{"a":}')],
    ['nothing', Buffer.alloc(0)],
    ['__proto__', Buffer.from('{"a":[{"__proto__":{"admin":true}}]}')],
    ['__proto__ in other letters', Buffer.from('{"a":[{"\\u005F_proto__":{"admin":true}}]}')],
    ['nesting of 65', Buffer.from('[{"a":'.repeat(32) + '[' + ']' + '}]'.repeat(32))],
    ['nesting hidden by brackets in strings', Buffer.from(`["]]]]${'\\\\'}",`.repeat(65) + '1' + ']'.repeat(65))],
    ['nesting that breaks parsers', Buffer.from('['.repeat(1_000_000))],
    ['half a character', Buffer.from('{"a":["\\ud800"]}')],
    ['half a character in a name', Buffer.from('{"\\uDC00":1}')],
  ])('refuses %s', (_name, bytes) => {
    expect(codeOf(() => parseJson(bytes, 'policy.json'))).toBe('json.malformed');
    expect(() => parseJson(bytes, 'policy.json')).toThrow(/^policy\.json: /);
  });

  it('takes 64 levels, and brackets in strings for what they are', () => {
    const deep = `${'['.repeat(64)}${']'.repeat(64)}`;
    expect(JSON.stringify(parseJson(Buffer.from(deep), 'x'))).toBe(deep);
    const text = JSON.stringify(['['.repeat(100), '"{\\'.repeat(100), { '\\"[': 1 }]);
    expect(JSON.stringify(parseJson(Buffer.from(text), 'x'))).toBe(text);
  });

  it.each([
    ['items', (count: number) => `[${Array(count).fill('1').join()}]`],
    ['members', (count: number) => `{${Array.from({ length: count }, (_, i) => `"k${i}":1`).join()}}`],
    [
      'empty lists',
      (count: number) =>
        `[${Array(count - 1)
          .fill('[]')
          .join()}]`,
    ],
  ])('takes so many %s and no more, before it makes anything of them', (_name, textOf) => {
    expect(() => parseJson(Buffer.from(textOf(1_000)), 'x', 2_000)).not.toThrow();
    expect(codeOf(() => parseJson(Buffer.from(textOf(3_000)), 'x', 2_000))).toBe('json.limit');
    expect(codeOf(() => parseJson(Buffer.from(textOf(200_000)), 'x'))).toBe('json.limit');
    expect(() => parseJson(Buffer.from(textOf(200_000)), 'x', Infinity)).not.toThrow();
    const prose = JSON.stringify([',[{'.repeat(100_000)]);
    expect(() => parseJson(Buffer.from(prose), 'x', 2)).not.toThrow();
  });

  it('takes whole characters in escapes', () => {
    expect(parseJson(Buffer.from('{"\\ud83d\\ude00":"\\uD83D\\uDE00"}'), 'x')).toEqual({ '\u{1f600}': '\u{1f600}' });
  });

  it('notices duplicate members as not canonical', () => {
    const bytes = Buffer.from('{"a":1,"a":2}');
    expect(isCanonicalJson(bytes, parseAmbiguousJson(bytes, 'x'))).toBe(false);
  });
});

describe('a member that stands twice', () => {
  it.each([
    ['at the top', '{"a":1,"a":2}', 'line 1, column 8'],
    ['deep', '{"a":[{"b":1,\n"c":{"d":1,"\\u0064":2}}]}', 'line 2, column 12'],
    ['empty', '{"":1,"":1}', 'line 1, column 7'],
  ])('%s is refused with its place', (_, text, place) => {
    expect(() => parseJson(Buffer.from(text), 'policy.json')).toThrow(`again at ${place}`);
    expect(() => parseAmbiguousJson(Buffer.from(text), 'policy.json')).not.toThrow();
  });

  it('is not one name in two objects, nor a text that looks like a member', () => {
    const text = '{"a":{"b":1},"c":{"b":2},"d":["a","a",{"a":"\\"a\\":1,"}]}';
    expect(parseJson(Buffer.from(text), 'x')).toEqual(JSON.parse(text));
  });

  it.each([
    ['letters', 'x'],
    ['escapes', '\\"'],
    ['backslashes', '\\\\'],
  ])('is found beside a string of ten million %s', (_, unit) => {
    const long = `"${unit.repeat(10_000_000 / unit.length)}"`;
    expect(() => parseJson(Buffer.from(`{"a":${long},"a":1}`), 'body')).toThrow('again at line 1, column');
    expect(() => parseJson(Buffer.from(`{"a":${long},"b":[{"a":1},{"a":2}]}`), 'body')).not.toThrow();
  });
});
