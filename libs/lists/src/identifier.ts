import type { IdScheme } from './fields.js';

/** The fields that identifiers read; `country` stands in for a sanctions entry's nationality. */
interface Identifiable {
  id?: string;
  name?: string;
  birthdate?: string;
  jurisdiction?: string;
  citizenship?: string;
  country?: string;
}

/**
 * The identifier of a row under a scheme of cap.id.v1, or null when the row lacks a field that the scheme reads.
 * Country (upper-case alpha-2) and birthdate (YYYY-MM-DD) are taken as they are.
 */
export function identifier(row: Identifiable, scheme: IdScheme): string | null {
  const { id, name, birthdate } = row;
  if (scheme === 'id') return id === undefined ? null : `id:${foldIdentifierPart(id)}`;
  const part = scheme === 'name' ? (row.jurisdiction ?? row.citizenship ?? row.country) : birthdate;
  if (name === undefined || part === undefined) return null;
  return `${scheme}:${foldIdentifierPart(name)}|${part}`;
}

// Unicode's full case folding (CaseFolding.txt, C + F) where it differs from lower case and NFD does not level it out.
const FOLDED: Readonly<Record<string, string>> = {
  ß: 'ss',
  ς: 'σ',
  '\u1c80': 'в',
  '\u1c81': 'д',
  '\u1c82': 'о',
  '\u1c83': 'с',
  '\u1c84': 'т',
  '\u1c85': 'т',
  '\u1c86': 'ъ',
  '\u1c87': 'ѣ',
  '\u1c88': 'ꙋ',
};
const TO_FOLD = new RegExp(`[${Object.keys(FOLDED).join('')}]`, 'gu');
// Cherokee folds to its capitals.
const CHEROKEE = /[\u13a0-\u13fd\uab70-\uabbf]/gu;
const LETTERS: Readonly<Record<string, string>> = { æ: 'ae', ø: 'o', œ: 'oe', ł: 'l', đ: 'd', þ: 'th' };
const TO_SPELL = /[æøœłđþ]/gu;
const DROPPED = /[\p{White_Space}\p{P}\p{S}]/gu;
// Apostrophes, and the letters that are written for one.
const APOSTROPHES = /['\u2019\u02b9\u02bb-\u02bf\u055a\u05f3\u07f4\ua78b\ua78c]/gu;
// Elsewhere a mark makes another letter: ハ and バ, ไทยดี and ไทยดู.
const ACCENTS = /((?!\p{Mn})[\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}])\p{Mn}+/gu;

/**
 * Levels spellings of one name: NFKC, apostrophes dropped, full case folding (locale-free), NFD with marks dropped from Latin,
 * Greek and Cyrillic letters, a fixed table of letters, then white space, punctuation and symbols dropped. That the runtime
 * folds by the Unicode version of the formats is what unicode-table.spec.ts checks.
 */
export function foldIdentifierPart(text: string): string {
  return text
    .normalize('NFKC')
    .replace(APOSTROPHES, '')
    .toLowerCase()
    .replace(TO_FOLD, (letter) => FOLDED[letter]!)
    .replace(CHEROKEE, (letter) => letter.toUpperCase())
    .normalize('NFD')
    .replace(/\u0345/gu, 'ι') // case folding makes the iota subscript a letter before marks are dropped
    .replace(ACCENTS, '$1')
    .replace(TO_SPELL, (letter) => LETTERS[letter]!)
    .replace(DROPPED, '');
}
