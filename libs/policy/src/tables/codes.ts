import { CapError } from '@cap/crypto';
import { countryNumber } from './countries.js';

/** What a row's code is made of: jurisdiction, tier and due_diligence of a supplier, citizenship of a beneficial owner. */
export interface CodedRow {
  jurisdiction?: unknown;
  citizenship?: unknown;
  tier?: unknown;
  due_diligence?: unknown;
}

export const DUE_DILIGENCE = 1;
const DEEPER_TIER = 2;
/** Every combination of a supplier's flags. */
export const SUPPLIER_FLAGS: readonly number[] = [0, 1, 2, 3];

export const code = (country: number, flags: number): number => country + 2 ** 16 * flags;

/**
 * A row's code: the country's number (1 to 249) + 2^16 * flags. A supplier's flags: bit 0 due_diligence, bit 1 tier >= 2;
 * a beneficial owner has none. Never 0. Throws CapError `input` / `list.invalid` for an unknown country.
 */
export function codeOf(row: CodedRow): number {
  const country = countryNumber(row.jurisdiction ?? row.citizenship);
  if (country === undefined)
    throw new CapError('input', 'list.invalid', 'a row has no ISO 3166-1 alpha-2 code for its country');
  return code(country, flagsOf(row));
}

const flagsOf = ({ due_diligence, tier }: CodedRow): number =>
  (due_diligence === true ? DUE_DILIGENCE : 0) + (typeof tier === 'number' && tier >= 2 ? DEEPER_TIER : 0);

/** All codes that a supplier may have of whom only some fields are known: a field that is not shown can be anything. */
export function possibleCodes(row: CodedRow): number[] {
  const country = countryNumber(row.jurisdiction);
  if (country === undefined) return [];
  const known = (row.due_diligence === undefined ? 0 : DUE_DILIGENCE) | (row.tier === undefined ? 0 : DEEPER_TIER);
  return SUPPLIER_FLAGS.filter((flags) => (flags & known) === (flagsOf(row) & known)).map((flags) =>
    code(country, flags),
  );
}
