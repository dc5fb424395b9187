import { blake3Text, type Digest } from '@cap/crypto';
import { countryCodes, countryNumber, type RiskLevel } from '@cap/lists';

const RISKS: readonly string[] = ['low', 'medium', 'high'];

/** What a rule over codes allows: all countries below a risk, or named ones; `unless` lets rows with that flag pass. */
export type TableSpec =
  { exclude_risk: RiskLevel; unless?: 'due_diligence' } | { countries: string[]; unless?: 'due_diligence' };

export interface AllowedTable {
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

/** The code of a row: country number + 2^16 * flags. Throws RangeError for a country that is none. */
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

function fieldElement(code: number): Buffer {
  const bytes = Buffer.alloc(32);
  bytes.writeUInt32BE(code, 28);
  return bytes;
}
