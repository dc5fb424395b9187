/**
 * A company's lists: the fields of a row (fields.ts, the one schema of a list), country codes, and identifiers under which rows and
 * entries are the same (identifier.ts). Entry points of their own: intake.ts (CSV in) and reference-lists.ts (what the lists are
 * compared with). Start in fields.ts; docs/reference-lists.md and docs/formats.md are its pages.
 */
export { valueFault } from './cells.js';
export { COUNTRIES_VERSION, countryCodes, countryNumber } from './countries.js';
export { assertIdentifiers } from './duplicates.js';
export {
  type FieldKind,
  identifierFields,
  type IdScheme,
  LIST_FIELDS,
  type ListName,
  type ListRow,
  type RiskLevel,
  type SupplierRow,
  type UboRow,
} from './fields.js';
export { identifier } from './identifier.js';
export { invisibleCharacter } from './invisible.js';
export { comparedBy, comparison, defaultIdScheme, type Language } from './schemes.js';
export { UNICODE_VERSION } from './unicode-table.js';
