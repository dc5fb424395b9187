import { sha3Text, type Digest } from '@cap/crypto';
import { identifier, type IdScheme, type ListedIdentifiers } from './identifier.js';
import { type RiskLevel } from './countries.js';
import { listInvalid } from './faults.js';
import { REFERENCE_FIELDS } from './fields.js';
import { TableReader } from './intake.js';
import { type ReferenceListKind } from './rows.js';

/** One line (an alias is a line of its own) of sanctions.csv. */
export interface SanctionsEntry {
  name: string;
  birthdate?: string;
  nationality?: string;
  id?: string;
}
export interface JurisdictionsEntry {
  iso_code: string;
  risk_level: RiskLevel;
}

export type ParsedReferenceList = { hash: Digest } & (
  | { kind: 'sanctions'; entries: SanctionsEntry[]; lines: number[] }
  | { kind: 'jurisdictions'; entries: JurisdictionsEntry[] }
);

/** A list with the id `jurisdictions` holds risk levels, any other one names. */
export const referenceListKind = (id: string): ReferenceListKind =>
  id === 'jurisdictions' ? 'jurisdictions' : 'sanctions';

/**
 * Reads a reference list: CSV with commas, UTF-8. Its hash is SHA3-256 of the raw bytes. Throws CapError `list.invalid`
 * with every bad row.
 */
export function parseReferenceList(
  kind: ReferenceListKind,
  bytes: Uint8Array,
  file = `${kind}.csv`,
): ParsedReferenceList {
  const table = new TableReader(REFERENCE_FIELDS[kind], { file });
  table.push(bytes);
  const { rows, lines } = table.end();
  if (kind === 'jurisdictions') {
    const codes = rows.map((row) => row.iso_code);
    const faults = codes.flatMap((code, i) =>
      codes.indexOf(code) === i
        ? []
        : [{ file, line: lines[i]!, column: 'iso_code', message: `${code} stands there twice` }],
    );
    if (faults.length > 0) throw listInvalid(faults);
  }
  const entries: unknown = rows;
  return { kind, hash: sha3Text(bytes), entries, ...(kind === 'sanctions' && { lines }) } as ParsedReferenceList;
}

/** Each country's risk in a jurisdictions list. Throws CapError `list.invalid` like parseReferenceList. */
export function riskLevels(bytes: Uint8Array): ReadonlyMap<string, RiskLevel> {
  const list = parseReferenceList('jurisdictions', bytes);
  const rows = list.kind === 'jurisdictions' ? list.entries : [];
  return new Map(rows.map(({ iso_code, risk_level }) => [iso_code, risk_level]));
}

/**
 * How many entries can match no row, by scheme: what an entry lacks for one scheme it may have for another. Null for a
 * list that nothing is compared with.
 */
export function unmatchableEntries(list: ParsedReferenceList): Record<IdScheme, number> | null {
  if (list.kind !== 'sanctions') return null;
  const count = (scheme: IdScheme) => {
    const { entries, usable } = listedIdentifiers(list.entries, scheme);
    return entries - usable;
  };
  return { id: count('id'), name: count('name'), person: count('person') };
}

/** An entry's nationality stands for the country. */
const entryIdentifier = ({ nationality, ...entry }: SanctionsEntry, scheme: IdScheme): string | null =>
  identifier({ ...entry, ...(nationality === undefined ? {} : { country: nationality }) }, scheme);

/** The identifiers of a sanctions list. */
export function listedIdentifiers(entries: readonly SanctionsEntry[], scheme: IdScheme): ListedIdentifiers {
  const ids = entries.map((entry) => entryIdentifier(entry, scheme)).filter((id) => id !== null);
  return { identifiers: new Set(ids), entries: entries.length, usable: ids.length };
}

/** An entry, and where it stands in its file. */
export interface ListedEntry {
  line: number;
  name: string;
  id?: string;
}

/** The entries of a sanctions list by identifier, the first of those that are the same. Throws CapError `list.invalid`. */
export function listedEntries(bytes: Uint8Array, scheme: IdScheme): ReadonlyMap<string, ListedEntry> {
  const list = parseReferenceList('sanctions', bytes);
  const found = new Map<string, ListedEntry>();
  if (list.kind === 'sanctions')
    for (const [i, entry] of list.entries.entries()) {
      const identified = entryIdentifier(entry, scheme);
      const { name, id } = entry;
      if (identified !== null && !found.has(identified))
        found.set(identified, { line: list.lines[i]!, name, ...(id !== undefined && { id }) });
    }
  return found;
}
