import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { sha3Text } from '@cap/crypto';
import { foldIdentifierPart } from './identifier.js';
import { FOLDING_DIGEST, REFUSED_RANGES, UNICODE_VERSION } from './unicode-table.js';
import { invisibleCharacter, withoutInvisible } from './invisible.js';

const FILE = new URL('unicode-table.ts', import.meta.url);
const REFUSED = /[\p{Default_Ignorable_Code_Point}\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}]/u;
const hex = (point: number) => point.toString(16);

/** What this runtime's Unicode data come to. */
function ofRuntime() {
  const ranges: string[] = [];
  const foldings: string[] = [];
  let from: number | null = null;
  for (let point = 0; point <= 0x110000; point++) {
    const refused = point <= 0x10ffff && REFUSED.test(String.fromCodePoint(point));
    if (refused) from ??= point;
    else if (from !== null) {
      ranges.push(from === point - 1 ? hex(from) : `${hex(from)}-${hex(point - 1)}`);
      from = null;
    }
    // A mark by itself, and behind letters that lose and that keep it.
    if (!refused && point <= 0x10ffff)
      for (const before of ['', 'a', 'ハ']) foldings.push(foldIdentifierPart(before + String.fromCodePoint(point)));
  }
  return { ranges: ranges.join(' '), folding: sha3Text(foldings.join('\n')) };
}

describe('the Unicode table', () => {
  const { ranges, folding } = ofRuntime();

  it('is that of the runtime: another Node needs a new table, and new names of the formats', async () => {
    if (process.env.CAP_UPDATE_PAGES)
      await writeFile(
        FILE,
        (await readFile(FILE, 'utf8'))
          .replace(/(UNICODE_VERSION = ')[^']*/, `$1${process.versions.unicode}.0`)
          .replace(/(REFUSED_RANGES =\s+')[^']*/, `$1${ranges}`)
          .replace(/(FOLDING_DIGEST = ')[^']*/, `$1${folding}`),
      );
    expect(`${process.versions.unicode}.0`).toBe(UNICODE_VERSION);
    expect(ranges).toBe(REFUSED_RANGES);
    expect(folding).toBe(FOLDING_DIGEST);
  });

  it.each([
    ['zero-width space', 'Dusk\u200bharbor', 'U+200B'],
    ['ignorable and unassigned', 'Duskharbor\u2065', 'U+2065'],
    ['combining grapheme joiner', 'A\u034fB', 'U+034F'],
    ['variation selector', 'A\ufe0f', 'U+FE0F'],
    ['soft hyphen', 'A\u00adB', 'U+00AD'],
    ['line break', 'A\nB', 'U+000A'],
    ['blank letter', '\u3164', 'U+3164'],
    ['private use', 'A\ue000', 'U+E000'],
    ['noncharacter', 'A\u{1fffe}', 'U+1FFFE'],
    ['unassigned', 'A\u0378', 'U+0378'],
    ['lone surrogate', 'A\ud800', 'U+D800'],
  ])('refuses a %s', (_, text, point) => {
    expect(invisibleCharacter(text)).toBe(point);
    expect(invisibleCharacter(withoutInvisible(text))).toBeNull();
  });

  it('takes letters, marks, symbols and spaces that one sees, of any script', () => {
    for (const text of ['Łódź Textil', 'ไทยดี', 'バナ', 'Ёлка', '𠮷野', "O'Neil & Söhne™", 'کتاب', '🌱 Ltd', 'a\u00a0b'])
      expect([text, invisibleCharacter(text)]).toEqual([text, null]);
    expect(withoutInvisible('A\tB\u200b')).toBe('A B');
  });
});
