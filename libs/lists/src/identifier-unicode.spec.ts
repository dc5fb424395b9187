import { describe, expect, it } from '@jest/globals';
import { foldIdentifierPart, identifier } from './identifier.js';

// Letters, numbers and symbols that case mapping or folding changes.
const WITH_CASE = /\p{Cased}|\p{Changes_When_NFKC_Casefolded}/u;

describe('letters that one may write in several ways', () => {
  it.each<[string, string]>([
    ['ß ẞ ss SS Ss', 'ss'],
    ['ü Ü u\u0308 U\u0308 Ｕ\u0308 ṻ Ǘ', 'u'],
    ['æ Æ ǽ Ǽ ae', 'ae'],
    ['ø Ø ǿ Ǿ o\u0308 ö', 'o'],
    ['œ Œ oe', 'oe'],
    ['ł Ł l', 'l'],
    ['đ Đ d', 'd'],
    ['þ Þ th', 'th'],
    ['ﬀ ff', 'ff'],
    ['ﬃ ﬀi fﬁ', 'ffi'],
    ['ﬅ ﬆ st', 'st'],
    ['ǆ ǅ Ǆ dž', 'dz'],
    ['Σ σ ς', 'σ'],
    ['ſ s Ｓ ⓢ 𝐬 ˢ', 's'],
    ['K \u212a k', 'k'], // Kelvin
    ['Å \u212b a', 'a'], // Ångström
    ['İ i I\u0307 I', 'i'],
    ['й Й и\u0306 и', 'и'],
    ['が か\u3099', 'か\u3099'],
    ['ガ カ\u3099 ｶﾞ カ゛', 'カ\u3099'],
    ['ไทยดี', 'ไทยดี'],
    ["O'Neil O’Neil O\u02bcNeil O\u02bbNeil O՚Neil OꞌNeil ONeil O`Neil", 'oneil'],
    ['한 한', '한'.normalize('NFD')],
  ])('%s', (spellings, folded) => {
    for (const spelling of spellings.split(' '))
      expect([spelling, foldIdentifierPart(spelling)]).toEqual([spelling, folded]);
  });

  it.each([
    ['ı', 'i'], // case folding leaves the Turkish letter alone
    ['ð', 'd'], // not in the table
    ['ħ', 'h'],
    ['ŋ', 'n'],
    ['ハナ', 'バナ'],
    ['か', 'が'],
    ['ไทยดี', 'ไทยดู'],
    ['कमल', 'कुमल'],
    ['שָ', 'ש'],
    ['а', 'a'], // the first is Cyrillic
  ])('%s is not %s', (one, other) => {
    expect(foldIdentifierPart(one)).not.toBe(foldIdentifierPart(other));
  });

  it('capitals and small letters fold to one, and what is folded stays as it is, for every letter with case', () => {
    const different: string[] = [];
    for (let point = 0; point <= 0x10ffff; point++) {
      const letter = String.fromCodePoint(point);
      if (!WITH_CASE.test(letter)) continue;
      const folded = foldIdentifierPart(letter);
      const others = [letter.toUpperCase(), letter.toLowerCase(), folded];
      if (others.some((other) => foldIdentifierPart(other) !== folded)) different.push(letter);
    }
    expect(different).toEqual(['ı']); // its capital is I
  });
});

describe('characters that nobody sees', () => {
  it.each([
    ['white space', '\t\n\u00a0\u1680\u2003\u2028\u202f\u3000'],
    ['marks and variation selectors', '\u0301\u034f\ufe0f\u{e0100}'],
    ['punctuation and symbols', '-–—_.,·’”«»()[]/&+%€©'],
    ['emoji', '🌱❤🇩🇪👍🏽'],
  ])('%s go', (_, text) => {
    expect(foldIdentifierPart(`A${text}B${text}`)).toBe('ab');
  });

  // They are refused wherever a text is read (invisible.ts); folding by itself keeps them.
  it.each([
    ['zero-width space', '\u200b'],
    ['zero-width joiner', '\u200d'],
    ['zero-width non-joiner', '\u200c'],
    ['soft hyphen', '\u00ad'],
    ['word joiner', '\u2060'],
    ['byte order mark', '\ufeff'],
    ['right-to-left mark', '\u200f'],
  ])('%s stays, as the scheme says', (_, character) => {
    expect(foldIdentifierPart(`AC${character}ME`)).toBe(`ac${character}me`);
  });
});

describe('identifiers over odd rows', () => {
  it('only the name and the id are folded', () => {
    expect(identifier({ name: 'Á–B', jurisdiction: 'DE' }, 'name')).toBe('name:ab|DE');
    expect(identifier({ name: 'Á–B', birthdate: '1970-01-31' }, 'person')).toBe('person:ab|1970-01-31');
    expect(identifier({ id: 'Á–B' }, 'id')).toBe('id:ab');
  });

  it('a country in small letters is another one: rows are read in capitals', () => {
    expect(identifier({ name: 'A', jurisdiction: 'de' }, 'name')).not.toBe(
      identifier({ name: 'A', jurisdiction: 'DE' }, 'name'),
    );
  });

  it('a bar in a name cannot move into the country', () => {
    expect(identifier({ name: 'A|DE', jurisdiction: 'FR' }, 'name')).toBe('name:ade|FR');
  });

  it('schemes never meet, and members of objects are no fields', () => {
    const row = { id: 'a', name: 'a', birthdate: 'b', jurisdiction: 'b' };
    expect(new Set((['id', 'name', 'person'] as const).map((scheme) => identifier(row, scheme))).size).toBe(3);
    expect((['id', 'name', 'person'] as const).map((scheme) => identifier({}, scheme))).toEqual([null, null, null]);
  });
});
