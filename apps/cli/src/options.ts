import { InvalidArgumentError, Option } from '@commander-js/extra-typings';
import { type IdScheme, type ListName, invisibleCharacter } from '@cap/lists';
import type { CommitmentScheme } from '@cap/proof/manifest';

// Parsers of option values: what they refuse is a usage error (exit 64).

export const wholeNumber = (min: number, max: number) => (text: string) => {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < min || value > max)
    throw new InvalidArgumentError(`Expected a whole number from ${min} to ${max}.`);
  return value;
};

/** One character; a tab, which is hard to type in a shell, also as `\t` or `tab`. */
export function delimiter(text: string): string {
  const character = ['\\t', 'tab'].includes(text.toLowerCase()) ? '\t' : text;
  if (character.length !== 1) throw new InvalidArgumentError(`Expected one character, or tab, not "${text}".`);
  return character;
}

export function notEmpty(text: string): string {
  if (text.trim() === '') throw new InvalidArgumentError('Expected a text that is not empty.');
  return text;
}

const DAY = /^\d{4}-\d{2}-\d{2}$/;
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z$/;

const isDay = (text: string): boolean =>
  DAY.test(text) &&
  !Number.isNaN(Date.parse(`${text}T00:00:00Z`)) &&
  new Date(`${text}T00:00:00Z`).toISOString().startsWith(text);

/** RFC 3339 UTC with `Z`. */
export function utcTime(text: string): string {
  if (!TIME.test(text) || !isDay(text.slice(0, 10)) || Number.isNaN(Date.parse(text)))
    throw new InvalidArgumentError('Expected a time like 2026-01-31T12:00:00Z.');
  return text;
}

/** YYYY-MM-DD. */
export function day(text: string): string {
  if (!isDay(text)) throw new InvalidArgumentError('Expected a date like 2026-01-31.');
  return text;
}

/** Scopes of an access token (RFC 6749, section 3.3), one space apart. */
export function scopes(text: string): string {
  const names = text.trim().split(/\s+/);
  if (!names.every((name) => /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(name)))
    throw new InvalidArgumentError('Expected one or more scopes like verify:read, separated by spaces.');
  return names.join(' ');
}

export function serviceUrl(text: string): string {
  const url = URL.parse(text);
  if (!url || !['http:', 'https:'].includes(url.protocol))
    throw new InvalidArgumentError('Expected an http:// or https:// address.');
  if (url.username || url.password)
    throw new InvalidArgumentError(
      'The address must not contain a user or password: the token comes from CAP_TOKEN_FILE.',
    );
  return text.replace(/\/+$/, '');
}

/** `60%` or `60`. */
export function percent(text: string): number {
  const value = /^(\d{1,3}(?:\.\d+)?)\s*%?$/.exec(text)?.[1];
  if (value === undefined || Number(value) > 100) throw new InvalidArgumentError('Expected a percentage like 60%.');
  return Number(value);
}

/** Not empty, and nothing in it that nobody sees: a name that only looks like another one can't be compared by people. */
export function visibleText(text: string): string {
  const invisible = invisibleCharacter(text);
  if (invisible !== null)
    throw new InvalidArgumentError(`It contains the invisible or unassigned character ${invisible}.`);
  return notEmpty(text);
}

export const anyText = (text: string): string => text;

/** A file and the day it is as of. */
interface DatedFile {
  file: string;
  /** YYYY-MM-DD, if the text had one. */
  day?: string;
}

/**
 * `FILE[@YYYY-MM-DD]`. What follows the last @ belongs to the file's name, unless it consists of digits and date separators
 * only: then it was meant as a day.
 */
export function datedFile(text: string): DatedFile {
  const [, file, of] = /^(.*)@([\d.:/ TZ-]*)$/s.exec(text) ?? [];
  if (file === undefined || of === undefined) return { file: text };
  if (file === '') throw new InvalidArgumentError('Expected FILE@YYYY-MM-DD, but there is no file before the @.');
  if (!isDay(of))
    throw new InvalidArgumentError(
      `Expected FILE@YYYY-MM-DD, such as ${file}@2026-01-31, but ${of === '' ? 'there is no day' : `${of} is not a day`} after the @.`,
    );
  return { file, day: of };
}

/** A file of the reference list with this id. */
export type NamedFile = DatedFile & { id: string };

/** `ID=FILE[@YYYY-MM-DD]`. */
export function namedFile(text: string): NamedFile {
  const [, id, file] = /^([^=]+)=(.+)$/s.exec(text) ?? [];
  if (id === undefined || file === undefined)
    throw new InvalidArgumentError(`Expected ID=FILE[@YYYY-MM-DD], not ${text}.`);
  return { id, ...datedFile(file) };
}

/** `ID=FILE@YYYY-MM-DD`. */
export function namedDatedFile(text: string): Required<NamedFile> {
  const { id, file, day: of } = namedFile(text);
  if (of === undefined) throw new InvalidArgumentError(`Expected ID=FILE@YYYY-MM-DD, not ${text}.`);
  return { id, file, day: of };
}

/** A value for every list, or for the one that it names. */
export interface ListOption<T> {
  list?: ListName;
  value: T;
}

/** `VALUE`, or `suppliers=VALUE` or `ubos=VALUE`. */
export const forList =
  <T>(parse: (text: string) => T) =>
  (text: string): ListOption<T> => {
    const [, list, value = ''] = /^(?:(suppliers|ubos)=)?(.*)$/s.exec(text) ?? [];
    return { ...(list !== undefined && { list: list as ListName }), value: parse(value) };
  };

/** `SCHEME`, or `LIST=SCHEME`. */
export const listScheme = forList((text): IdScheme => {
  if (!['name', 'person', 'id'].includes(text))
    throw new InvalidArgumentError(
      `Expected name, person or id, or suppliers= or ubos= followed by one of them, not ${text}.`,
    );
  return text as IdScheme;
});

/** Without their versions: this release writes one of each. */
const SCHEMES = new Map<string, CommitmentScheme>([
  ['kzg-columns', 'kzg-columns.v1'],
  ['merkle-blake3', 'merkle-blake3.v3'],
]);

export function commitmentScheme(text: string): CommitmentScheme {
  const found = SCHEMES.get(text);
  if (!found) throw new InvalidArgumentError(`Expected ${[...SCHEMES.keys()].join(' or ')}, not ${text}.`);
  return found;
}

/** `--identity`, for the verbs that need a project's salts. */
export const IDENTITY = [
  '--identity <file>',
  'age identity file, if the salts are encrypted (cap prepare --recipient)',
] as const;

export const LANGUAGE = new Option('--lang <code>', 'language of the output').choices(['en', 'de']).default('en');
