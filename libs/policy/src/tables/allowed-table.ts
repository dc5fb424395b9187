import { blake3Text, type Digest } from '@cap/crypto';
import { code, DUE_DILIGENCE, SUPPLIER_FLAGS } from './codes.js';
import { countryCodes, countryNumber } from './countries.js';
import { type Jurisdictions } from './jurisdictions.js';

/**
 * Which suppliers a rule over `suppliers.code` allows. By risk: those of every country that the jurisdictions list names
 * with another risk; a country that it does not name is not allowed. By countries: those of the countries named.
 * `unless`: a supplier with due diligence is allowed also in an excluded country (not in one the list does not name).
 */
export type TableSpec =
  { exclude_risk: 'high'; unless?: 'due_diligence' } | { countries: readonly string[]; unless?: 'due_diligence' };

export interface AllowedTable {
  /** Sorted, unique row codes (codeOf). */
  codes: number[];
  /** BLAKE3("cap.table.v1" ‖ the codes, 32 bytes big endian each). */
  table_hash: Digest;
}

/** The codes that a table allows. `jurisdictions` is not looked at for a table by countries. */
export function allowedTable(spec: TableSpec, jurisdictions: Jurisdictions): AllowedTable {
  const codes = countryCodes
    .flatMap((country) => {
      const known = 'countries' in spec || jurisdictions.has(country);
      const allowed =
        'countries' in spec
          ? spec.countries.includes(country)
          : known && jurisdictions.get(country) !== spec.exclude_risk;
      const flags = allowed ? SUPPLIER_FLAGS : known && spec.unless ? WITH_DUE_DILIGENCE : [];
      return flags.map((flag) => code(countryNumber(country)!, flag));
    })
    .sort((a, b) => a - b);
  return { codes, table_hash: blake3Text('cap.table.v1', ...codes.map(bigEndian32)) };
}

const WITH_DUE_DILIGENCE = SUPPLIER_FLAGS.filter((flags) => (flags & DUE_DILIGENCE) !== 0);

function bigEndian32(value: number): Buffer {
  const bytes = Buffer.alloc(32);
  bytes.writeUInt32BE(value, 28);
  return bytes;
}
