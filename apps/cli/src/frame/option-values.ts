import { type Command, InvalidArgumentError } from 'commander';
import { type IdScheme, type ListName } from '@cap/lists';
import { type CommitmentScheme } from '@cap/proof';

/** Option parsers: what they refuse is a usage error (exit 64). */
export const wholeNumber = (min: number, max: number) => (text: string) => {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < min || value > max)
    throw new InvalidArgumentError(`a whole number from ${min} to ${max} was expected.`);
  return value;
};

/** One character; a tab, which a shell makes hard to type, also as `\t` or `tab`. */
export function delimiter(text: string): string {
  const character = ['\\t', 'tab'].includes(text.toLowerCase()) ? '\t' : text;
  if (character.length !== 1) throw new InvalidArgumentError(`one character was expected, or tab, not ${text}.`);
  return character;
}

export function notEmpty(text: string): string {
  if (text.trim() === '') throw new InvalidArgumentError('a text that is not empty was expected.');
  return text;
}

const DAY = /^\d{4}-\d{2}-\d{2}$/;
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z$/;

export const isDay = (text: string): boolean =>
  DAY.test(text) &&
  !Number.isNaN(Date.parse(`${text}T00:00:00Z`)) &&
  new Date(`${text}T00:00:00Z`).toISOString().startsWith(text);

/** RFC 3339 UTC with `Z`. */
export function utcTime(text: string): string {
  if (!TIME.test(text) || !isDay(text.slice(0, 10)) || Number.isNaN(Date.parse(text)))
    throw new InvalidArgumentError('a time like 2026-01-31T12:00:00Z was expected.');
  return text;
}

/** YYYY-MM-DD. */
export function day(text: string): string {
  if (!isDay(text)) throw new InvalidArgumentError('a date like 2026-01-31 was expected.');
  return text;
}

/** Scopes of an access token (RFC 6749, section 3.3), one space apart. */
export function scopes(text: string): string {
  const names = text.trim().split(/\s+/);
  if (!names.every((name) => /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(name)))
    throw new InvalidArgumentError('one or more scopes like verify:read were expected, with spaces between them.');
  return names.join(' ');
}

export function serviceUrl(text: string): string {
  const url = URL.parse(text);
  if (!url || !['http:', 'https:'].includes(url.protocol))
    throw new InvalidArgumentError('an http:// or https:// address was expected.');
  if (url.username || url.password)
    throw new InvalidArgumentError('no user or password in the address: the token comes from CAP_TOKEN_FILE.');
  return text.replace(/\/+$/, '');
}

/** `60%` or `60`. */
export function percent(text: string): number {
  const value = /^(\d{1,3}(?:\.\d+)?)\s*%?$/.exec(text)?.[1];
  if (value === undefined || Number(value) > 100) throw new InvalidArgumentError('a part like 60% was expected.');
  return Number(value);
}

/** Collects an option that may be given several times; `parse` reads each value. */
export function repeated<T>(parse: (text: string) => T): (text: string, values: T[] | undefined) => T[] {
  const collect = (text: string, values: T[] | undefined): T[] => [...(values ?? []), parse(text)];
  repeatable.add(collect);
  return collect;
}
const repeatable = new WeakSet<object>();

/** Of an option given twice the last would count, and nobody would hear that the first does not: wrong usage (exit 64). */
export function refuseRepetition(command: Command): void {
  for (const option of command.options) {
    if (option.parseArg && repeatable.has(option.parseArg)) continue;
    let given = false;
    command.on(`option:${option.name()}`, () => {
      if (given) command.error(`error: option '${option.flags}' was given twice`);
      given = true;
    });
  }
  command.commands.forEach(refuseRepetition);
}
export const anyText = (text: string): string => text;

/** `--identity`, for the verbs that need a project's salts. */
export const IDENTITY = [
  '--identity <file>',
  'age identity file, if the salts are encrypted (cap prepare --recipient)',
] as const;

/** A file and the day it is of. */
export interface ListOfDay {
  file: string;
  /** YYYY-MM-DD, if the text had one. */
  day?: string;
}

/**
 * `FILE[@YYYY-MM-DD]`. What follows the last @ is part of the file's name unless it is nothing but digits and what may
 * stand between them: that was meant as a day.
 */
export function listWithDay(text: string): ListOfDay {
  const match = /^(.*)@([\d.:/ TZ-]*)$/s.exec(text);
  if (!match) return { file: text };
  const [, file, of] = match as unknown as [string, string, string];
  if (file === '') throw new InvalidArgumentError('FILE@YYYY-MM-DD was expected, and no file is named before the @.');
  if (!isDay(of))
    throw new InvalidArgumentError(
      `FILE@YYYY-MM-DD was expected, such as ${file}@2026-01-31; ${of === '' ? 'no day stands' : `${of} is no such day`} after the @.`,
    );
  return { file, day: of };
}

/** `ID=FILE[@YYYY-MM-DD]`. */
export function namedList(text: string): ListOfDay & { id: string } {
  const match = /^([^=]+)=(.+)$/s.exec(text);
  if (!match) throw new InvalidArgumentError(`ID=FILE[@YYYY-MM-DD] was expected, not ${text}.`);
  return { id: match[1]!, ...listWithDay(match[2]!) };
}

/** The same, with the day. */
export function namedListOfDay(text: string): { id: string; file: string; day: string } {
  const { id, file, day: of } = namedList(text);
  if (of === undefined) throw new InvalidArgumentError(`ID=FILE@YYYY-MM-DD was expected, not ${text}.`);
  return { id, file, day: of };
}

/** `SCHEME`, or `LIST=SCHEME`. */
export function listScheme(text: string): { list?: ListName; scheme: IdScheme } {
  const [, list, scheme] = /^(?:(suppliers|ubos)=)?(name|person|id)$/.exec(text) ?? [];
  if (scheme === undefined)
    throw new InvalidArgumentError(
      `name, person or id was expected, or suppliers= or ubos= and one of them, not ${text}.`,
    );
  return { ...(list !== undefined && { list: list as ListName }), scheme: scheme as IdScheme };
}

/** Without their versions: this release writes one of each. */
const SCHEMES = new Map<string, CommitmentScheme>([
  ['kzg-columns', 'kzg-columns.v1'],
  ['merkle-blake3', 'merkle-blake3.v3'],
]);

export function commitmentScheme(text: string): CommitmentScheme {
  const found = SCHEMES.get(text);
  if (!found) throw new InvalidArgumentError(`${[...SCHEMES.keys()].join(' or ')} was expected, not ${text}.`);
  return found;
}
