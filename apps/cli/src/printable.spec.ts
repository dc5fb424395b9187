import { describe, expect, it } from '@jest/globals';
import { printable, printableIn } from './printable.js';

describe('words from outside', () => {
  it.each<[what: string, text: string, shown: string]>([
    ['a colour', '\u001b[31mred', '\\u{1b}[31mred'],
    ['a title', '\u001b]0;mine\u0007', '\\u{1b}]0;mine\\u{7}'],
    ['a C1 control', 'a\u009b2Jb', 'a\\u{9b}2Jb'],
    ['line breaks and tabs', 'a\r\n\tb', 'a\\u{d}\\u{a}\\u{9}b'],
    ['delete', 'a\u007f', 'a\\u{7f}'],
    ['bidi override', 'gpj\u202egnp', 'gpj\\u{202e}gnp'],
    ['bidi isolate', '\u2066a\u2069', '\\u{2066}a\\u{2069}'],
    ['zero-width', 'AC\u200b\u200d\ufeffME', 'AC\\u{200b}\\u{200d}\\u{feff}ME'],
    ['soft hyphen', 'AC\u00adME', 'AC\\u{ad}ME'],
    ['line and paragraph separators', 'a\u2028b\u2029', 'a\\u{2028}b\\u{2029}'],
    ['tag characters', 'a\u{e0041}', 'a\\u{e0041}'],
    ['half a surrogate pair', 'a\ud83d', 'a\\u{d83d}'],
    ['blank letters', 'a\u3164b', 'a\\u{3164}b'],
  ])('%s is shown as an escape', (_, text, shown) => {
    expect(printable(text)).toBe(shown);
  });

  it.each(['Müller & Söhne', '株式会社', 'شركة', 'Ω–“x” 🌱 ❤️', 'C:\\users'])('%s stays as it is', (text) => {
    expect(printable(text)).toBe(text);
  });

  it('are found at every depth, in names of members too', () => {
    expect(printableIn({ 'a\u001b': ['\u001b', 1, null, { b: true, c: '\u202e' }] })).toEqual({
      'a\\u{1b}': ['\\u{1b}', 1, null, { b: true, c: '\\u{202e}' }],
    });
  });
});
