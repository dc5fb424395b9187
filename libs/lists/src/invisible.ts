import { REFUSED_RANGES } from './unicode-table.js';

const code = (point: string): string => `\\u{${point}}`;
const REFUSED = REFUSED_RANGES.split(' ')
  .map((range) => range.split('-').map(code).join('-'))
  .join('');
const ONE = new RegExp(`[${REFUSED}]`, 'u');
const ALL = new RegExp(`[${REFUSED}]`, 'gu');

/**
 * The first character of a text that nobody sees or that is none, as `U+200B`: ignorable, control, format, private use,
 * unassigned, lone surrogate. Null if there is none. With one of them a name matches no entry that looks the same. Read from
 * the table of the formats' Unicode version, so that every verifier says the same.
 */
export function invisibleCharacter(text: string): string | null {
  const point = ONE.exec(text)?.[0].codePointAt(0);
  return point === undefined ? null : `U+${point.toString(16).toUpperCase().padStart(4, '0')}`;
}

/** The text without them; a line break or tab becomes a space, so that words stay apart. */
export const withoutInvisible = (text: string): string => text.replace(/[\t-\r]/gu, ' ').replace(ALL, '');
