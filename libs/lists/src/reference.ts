import { CapError } from '@cap/core';
import { sha3Text, type Digest } from '@cap/crypto';
import { listInvalid } from './faults.js';
import {
  JURISDICTIONS_FIELDS,
  SANCTIONS_FIELDS,
  type IdScheme,
  type JurisdictionsEntry,
  type ReferenceListKind,
  type RiskLevel,
  type SanctionsEntry,
} from './fields.js';
import { identifier } from './identifier.js';
import { TableReader } from './intake.js';
import { comparedBy } from './schemes.js';

/** A list with the id `jurisdictions` contains risk levels, any other list names. */
export const referenceListKind = (id: string): ReferenceListKind =>
  id === 'jurisdictions' ? 'jurisdictions' : 'sanctions';

/** A reference list with the id and date that a manifest or a registry gives it. */
export interface NamedReferenceList {
  id: string;
  kind: ReferenceListKind;
  /** YYYY-MM-DD or RFC 3339. */
  as_of: string;
  list: ReferenceList;
}

/** The identifiers that a list's entries have under a scheme. */
export interface ListedIdentifiers {
  identifiers: ReadonlySet<string>;
  /** Entries, and those of them that a row could match: the others lack a field that the scheme needs. */
  entries: number;
  usable: number;
}

/** An entry, and its line in the file. */
export interface ListedEntry {
  line: number;
  name: string;
  id?: string;
}

/**
 * The contents of a reference list: CSV with commas, UTF-8. The bytes are hashed and parsed at most once, when first asked
 * for, and derived data is cached on the object and lives as long as it does.
 */
export class ReferenceList {
  #hash: Digest | undefined;
  #sanctions: (() => SanctionsList) | undefined;
  #jurisdictions: (() => JurisdictionsList) | undefined;
  readonly #derived = new Map<unknown, unknown>();

  /** `file`: the list's name in messages; by default the name of its kind. */
  constructor(
    readonly bytes: Uint8Array,
    private readonly file?: string,
  ) {}

  /** SHA3-256 of the raw bytes. */
  get hash(): Digest {
    return (this.#hash ??= sha3Text(this.bytes));
  }

  /** Parses the list as a list of names. Throws CapError `list.invalid` with every bad row. */
  sanctions(): SanctionsList {
    this.#sanctions ??= once(() => parseSanctions(this.bytes, this.file ?? 'sanctions.csv'));
    return this.#sanctions();
  }

  /** Parses the list as a list of countries. Throws CapError `list.invalid` with every bad row. */
  jurisdictions(): JurisdictionsList {
    this.#jurisdictions ??= once(() => parseJurisdictions(this.bytes, this.file ?? 'jurisdictions.csv'));
    return this.#jurisdictions();
  }

  as(kind: ReferenceListKind): SanctionsList | JurisdictionsList {
    return kind === 'sanctions' ? this.sanctions() : this.jurisdictions();
  }

  /** The result of `derivation` for this list, computed once; for what other packages derive. */
  derive<T>(derivation: (list: ReferenceList) => T): T {
    if (!this.#derived.has(derivation)) this.#derived.set(derivation, derivation(this));
    return this.#derived.get(derivation) as T;
  }
}

/** The result of the first call, or its error, for every call. */
function once<T>(make: () => T): () => T {
  let outcome: { value: T } | { error: unknown } | undefined;
  return () => {
    if (!outcome)
      try {
        outcome = { value: make() };
      } catch (error) {
        outcome = { error };
      }
    if ('error' in outcome) throw outcome.error;
    return outcome.value;
  };
}

/** The entries of a list of names, and their identifiers under each scheme. */
export class SanctionsList {
  readonly kind = 'sanctions';
  readonly #identifiers = new Map<IdScheme, ListedIdentifiers>();
  readonly #byIdentifier = new Map<IdScheme, ReadonlyMap<string, ListedEntry>>();

  constructor(
    readonly entries: readonly SanctionsEntry[],
    /** Line of each entry in its file. */
    readonly lines: readonly number[],
  ) {}

  identifiers(scheme: IdScheme): ListedIdentifiers {
    let listed = this.#identifiers.get(scheme);
    if (!listed) {
      const ids = this.entries.map((entry) => entryIdentifier(entry, scheme)).filter((id) => id !== null);
      listed = { identifiers: new Set(ids), entries: this.entries.length, usable: ids.length };
      this.#identifiers.set(scheme, listed);
    }
    return listed;
  }

  /** How many entries can match no row, by scheme: what an entry lacks for one scheme it may have for another. */
  get unmatchable(): Record<IdScheme, number> {
    const count = (scheme: IdScheme) => this.entries.length - this.identifiers(scheme).usable;
    return { id: count('id'), name: count('name'), person: count('person') };
  }

  /** The entry with this identifier, the first of those that are the same. */
  find(identifier: string, scheme: IdScheme): ListedEntry | undefined {
    let entries = this.#byIdentifier.get(scheme);
    if (!entries) {
      entries = this.#entriesByIdentifier(scheme);
      this.#byIdentifier.set(scheme, entries);
    }
    return entries.get(identifier);
  }

  #entriesByIdentifier(scheme: IdScheme): ReadonlyMap<string, ListedEntry> {
    const found = new Map<string, ListedEntry>();
    for (const [i, entry] of this.entries.entries()) {
      const key = entryIdentifier(entry, scheme);
      const { name, id } = entry;
      if (key !== null && !found.has(key))
        found.set(key, { line: this.lines[i]!, name, ...(id !== undefined && { id }) });
    }
    return found;
  }
}

/** The risk of each country that a list names. */
class JurisdictionsList {
  readonly kind = 'jurisdictions';
  readonly risks: ReadonlyMap<string, RiskLevel>;
  /** Nothing is compared with such a list. */
  readonly unmatchable = null;

  constructor(readonly entries: readonly JurisdictionsEntry[]) {
    this.risks = new Map(entries.map(({ iso_code, risk_level }) => [iso_code, risk_level]));
  }
}

/** An entry's nationality stands for the country. */
const entryIdentifier = ({ nationality, ...entry }: SanctionsEntry, scheme: IdScheme): string | null =>
  identifier({ ...entry, ...(nationality === undefined ? {} : { country: nationality }) }, scheme);

function parseSanctions(bytes: Uint8Array, file: string): SanctionsList {
  const table = new TableReader(SANCTIONS_FIELDS, { file });
  table.push(bytes);
  const { rows, lines } = table.end();
  return new SanctionsList(rows, lines);
}

function parseJurisdictions(bytes: Uint8Array, file: string): JurisdictionsList {
  const table = new TableReader(JURISDICTIONS_FIELDS, { file });
  table.push(bytes);
  const { rows, lines } = table.end();
  const codes = rows.map((row) => row.iso_code);
  const faults = codes.flatMap((code, i) =>
    codes.indexOf(code) === i
      ? []
      : [{ file, line: lines[i]!, column: 'iso_code', message: `duplicate country ${code}` }],
  );
  if (faults.length > 0) throw listInvalid(faults);
  return new JurisdictionsList(rows);
}

/**
 * Parses a list that is about to be relied upon. Throws CapError `list.invalid` with every bad row, `list.empty` for a list
 * on which nothing can be found: it has no entry, or none that could be compared by names, of firms or of persons. Such a
 * list would clear everybody. `file`: its name in messages.
 */
export function parseUsableList(
  kind: ReferenceListKind,
  bytes: Uint8Array,
  file: string,
): { list: ReferenceList; parsed: SanctionsList | JurisdictionsList } {
  const list = new ReferenceList(bytes, file);
  const parsed = list.as(kind);
  const { length } = parsed.entries;
  if (length === 0) throw listEmpty(`${file}: the list has no entry`);
  const { unmatchable } = parsed;
  if (unmatchable && unmatchable.name === length && unmatchable.person === length)
    throw listEmpty(
      `${file}: 0 of ${length} entries can be compared: an entry needs a nationality (${comparedBy('name')}) or a ` +
        `birthdate (${comparedBy('person')})`,
    );
  return { list, parsed };
}

/** CapError `list.empty`: no entry of the list can match anything. */
export const listEmpty = (message: string): CapError => new CapError('list.empty', message);

const DAY = 86_400_000;

/** Is a list's date in the future? A day without a time begins at 00:00 UTC; more than a day ahead can't be clock skew. */
export const isFutureDay = (asOf: string, now: Date): boolean => Date.parse(asOf) > now.getTime() + DAY;
