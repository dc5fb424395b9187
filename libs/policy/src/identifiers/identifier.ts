import { type IdScheme } from '../facts.js';
import { caseFolded } from './case-folding.js';

/** What an identifier can be made of; the country has another name in each list. */
export interface IdentifiableRow {
  id?: string | undefined;
  name?: string | undefined;
  jurisdiction?: string | undefined;
  citizenship?: string | undefined;
  country?: string | undefined;
  birthdate?: string | undefined;
}

// Letters that have no canonical decomposition but an established spelling in plain Latin letters.
const LATIN: Readonly<Record<string, string>> = { æ: 'ae', ø: 'o', œ: 'oe', ł: 'l', đ: 'd', þ: 'th' };

/**
 * One part of an identifier, cap.id.v1: NFKC, full case folding, NFD without non-spacing marks, a fixed table of Latin
 * letters, then all white space, punctuation and symbols removed. A text of nothing but these is ''.
 */
export const foldIdentifierPart = (text: string): string =>
  caseFolded(text.normalize('NFKC'))
    .replace(/\p{Mn}/gu, '')
    .replace(/[æøœłđþ]/gu, (letter) => LATIN[letter]!)
    .replace(/[\p{White_Space}\p{P}\p{S}]/gu, '');

/**
 * A row's identifier under a scheme: `id:`+id, `name:`+name+`|`+country or `person:`+name+`|`+birthdate (country and
 * birthdate as they are). Null if the row lacks what the scheme needs; rows match exactly if their identifiers are equal.
 */
export function identifier(row: IdentifiableRow, scheme: IdScheme): string | null {
  if (scheme === 'id') return part('id:', row.id);
  const { birthdate, name, country = row.jurisdiction ?? row.citizenship } = row;
  const rest = scheme === 'name' ? country : birthdate;
  const named = part(`${scheme}:`, name);
  return named === null || typeof rest !== 'string' || rest === '' ? null : `${named}|${rest}`;
}

function part(prefix: string, text: unknown): string | null {
  const folded = typeof text === 'string' ? foldIdentifierPart(text) : '';
  return folded === '' ? null : `${prefix}${folded}`;
}
