// Controls (C0, C1), format characters (bidi, zero-width, soft hyphen, tags), separators of lines and paragraphs, halves of
// surrogate pairs, and the letters that are blank.
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\u115f\u1160\u3164\uffa0]/gu;

/**
 * Words from outside (a bundle, a service, a file) as a person may see them on a terminal: what can't be seen, moves the
 * cursor or turns the writing around stands there as `\u{…}`. Line breaks and tabs too: such words fill one line. Not for
 * JSON output, whose own escapes keep the value.
 */
export const printable = (text: string): string =>
  text.replace(UNSEEN, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`);

/** The same for every text in a value, names of members included. */
export function printableIn<Value>(value: Value): Value;
export function printableIn(value: unknown): unknown {
  if (typeof value === 'string') return printable(value);
  if (Array.isArray(value)) return value.map(printableIn);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [printable(name), printableIn(member)]));
}
