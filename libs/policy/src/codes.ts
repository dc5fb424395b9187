import { jcsText } from '@cap/core';
import { blake3Text, type Digest } from '@cap/crypto';
import { countryCodes, countryNumber, type RiskLevel } from '@cap/lists';
import type { ReferenceList } from '@cap/lists/reference-lists';

const RISKS: readonly string[] = ['low', 'medium', 'high'];

/** What a rule over codes allows: all countries below a risk, or named ones; `unless` lets rows with that flag pass. */
export type TableSpec =
  { exclude_risk: RiskLevel; unless?: 'due_diligence' } | { countries: string[]; unless?: 'due_diligence' };

interface AllowedTable {
  /** Sorted, unique, never 0. */
  codes: number[];
  /** BLAKE3("cap.table.v1" ‖ the codes, 32 bytes big endian each). */
  table_hash: Digest;
}

const FLAG = 2 ** 16;
/** Supplier flags: bit 0 due diligence, bit 1 tier >= 2. UBOs use none. */
const SUPPLIER_FLAGS = [0, 1, 2, 3];
const DUE_DILIGENCE = 1;
const LOWER_TIER = 2;

export interface Coded {
  jurisdiction?: string;
  tier?: number;
  due_diligence?: boolean;
  citizenship?: string;
}

/** The code of a row: country number + 2^16 * flags. Throws RangeError for an unknown country. */
export function codeOf(row: Coded): number {
  const country = row.jurisdiction ?? row.citizenship ?? '';
  const number = countryNumber(country);
  if (number === undefined) throw new RangeError(`not an ISO 3166-1 alpha-2 code: ${country}`);
  return number + FLAG * ((row.due_diligence === true ? DUE_DILIGENCE : 0) + ((row.tier ?? 1) >= 2 ? LOWER_TIER : 0));
}

/** The row fields that a list's codes read. */
export const codeFields = (list: string): string[] =>
  list === 'ubos' ? ['citizenship'] : ['jurisdiction', 'tier', 'due_diligence'];

/**
 * The table that a rule allows, for the codes of `list`. A country that the jurisdictions do not name is not allowed.
 */
export function allowedTable(
  spec: TableSpec,
  jurisdictions: ReadonlyMap<string, RiskLevel>,
  list = 'suppliers',
): AllowedTable {
  const flags = list === 'ubos' ? [0] : SUPPLIER_FLAGS;
  const named = 'countries' in spec ? new Set(spec.countries) : null;
  const allowed = (country: string): boolean => {
    if (!('exclude_risk' in spec)) return named!.has(country);
    const risk = jurisdictions.get(country);
    return risk !== undefined && RISKS.indexOf(risk) < RISKS.indexOf(spec.exclude_risk);
  };
  const excused = (flag: number) => spec.unless === 'due_diligence' && (flag & DUE_DILIGENCE) !== 0;
  const codes = flags.flatMap((flag) =>
    countryCodes.flatMap((country, i) => (allowed(country) || excused(flag) ? [i + 1 + FLAG * flag] : [])),
  );
  codes.sort((a, b) => a - b);
  return { codes, table_hash: blake3Text('cap.table.v1', ...codes.map(fieldElement)) };
}

/** An allowed table ready for look-ups; the codes are in ascending order. */
export interface AllowedCodes {
  codes: ReadonlySet<number>;
  table_hash: Digest;
}

/** Tables kept for one list of jurisdictions, or without one: policies from callers can name any number. */
const MAX_TABLES = 1_000;
type Tables = Map<string, AllowedCodes>;
const tablesOf = (_jurisdictions: ReferenceList): Tables => new Map();
const ofCountries: Tables = new Map();

/**
 * The table that a rule allows for the codes of `list`, computed once for as long as its list of jurisdictions is kept. Null
 * if it needs that list and has none.
 */
export function allowedCodes(
  spec: TableSpec,
  list: string,
  jurisdictions: ReferenceList | undefined,
): AllowedCodes | null {
  const byRisk = 'exclude_risk' in spec;
  if (byRisk && !jurisdictions) return null;
  const tables = byRisk ? jurisdictions!.derive(tablesOf) : ofCountries;
  const key = `${list === 'ubos'} ${jcsText(spec)}`;
  const known = tables.get(key);
  if (known) return known;
  if (tables.size >= MAX_TABLES) tables.clear();
  const risks = byRisk ? jurisdictions!.jurisdictions().risks : new Map<string, RiskLevel>();
  const { codes, table_hash } = allowedTable(spec, risks, list);
  const table = { codes: new Set(codes), table_hash };
  tables.set(key, table);
  return table;
}

function fieldElement(code: number): Buffer {
  const bytes = Buffer.alloc(32);
  bytes.writeUInt32BE(code, 28);
  return bytes;
}
