import { isDeepStrictEqual } from 'node:util';

/** Strength of a source: file < environment < flag. */
export type Rank = 1 | 2 | 3;

export interface Entry {
  readonly value: unknown;
  /** Where it was set, as shown in an error. */
  readonly source: string;
  readonly rank: Rank;
}

/** Every configured key in dotted form, down to scalars, lists and null. */
export type Entries = Map<string, Entry>;

const isPlainObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The leaves of a document as [dotted key, value]; an empty object is a leaf. */
export function* leaves(value: unknown, key = ''): Generator<[key: string, value: unknown]> {
  if (isPlainObject(value) && (key === '' || Object.keys(value).length > 0))
    for (const [name, member] of Object.entries(value)) yield* leaves(member, key ? `${key}.${name}` : name);
  else yield [key, value];
}

/** The keys, dotted, in which two configurations differ. */
export function differences(before: object, after: object): string[] {
  const [old, fresh] = [new Map(leaves(before)), new Map(leaves(after))];
  return [...new Set([...old.keys(), ...fresh.keys()])].filter(
    (key) => !isDeepStrictEqual(old.get(key), fresh.get(key)),
  );
}

/** The members of `registry.blobs.s3` may be named without `s3`. */
export const wholeKey = (key: string): string => key.replace(/^registry\.blobs\.(?!s3(\.|$))/, 'registry.blobs.s3.');

/** Sets a key; a weaker value that it replaces, or that stands above or below it, goes. */
export function setEntry(entries: Entries, key: string, entry: Entry): void {
  for (const [other, { rank }] of entries)
    if (rank < entry.rank && (other === key || other.startsWith(`${key}.`) || key.startsWith(`${other}.`)))
      entries.delete(other);
  const present = entries.get(key);
  if (!present || present.rank <= entry.rank) entries.set(key, entry);
}

/** The nested document of the entries. Keys never contain `__proto__`: readers refuse such names. */
export function toDocument(entries: Entries): Record<string, unknown> {
  const document: Record<string, unknown> = {};
  for (const [key, { value }] of entries) {
    const names = key.split('.');
    let at = document;
    for (const name of names.slice(0, -1)) {
      if (!isPlainObject(at[name])) at[name] = {};
      at = at[name] as Record<string, unknown>;
    }
    at[names.at(-1)!] = value;
  }
  return document;
}

/** The source of a key: its own, that of the nearest key above, or of any key below it. */
export function sourceOf(entries: Entries, key: string): string | undefined {
  for (let at = key; at; at = at.slice(0, Math.max(0, at.lastIndexOf('.')))) {
    const entry = entries.get(at);
    if (entry) return entry.source;
  }
  for (const [other, { source }] of entries) if (other.startsWith(`${key}.`)) return source;
  return undefined;
}
