/**
 * A company's lists and the reference lists they are compared with: the fields of a row (fields.ts, the one schema of a list),
 * CSV in (intake.ts), identifiers under which rows and entries are the same (identifier.ts), lists of names and of countries
 * (reference.ts). Start in fields.ts; docs/reference-lists.md and docs/formats.md are its pages.
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
  REFERENCE_FIELDS,
  type ReferenceListKind,
  type RiskLevel,
  type SupplierRow,
  type UboRow,
} from './fields.js';
export { identifier } from './identifier.js';
export { type Intake, type IntakeOptions, readSuppliers, readUbos, TableReader } from './intake.js';
export { invisibleCharacter } from './invisible.js';
export {
  isFutureDay,
  type ListedEntry,
  type ListedIdentifiers,
  listEmpty,
  type NamedReferenceList,
  parseUsableList,
  ReferenceList,
  referenceListKind,
} from './reference.js';
export { comparedBy, comparison, defaultIdScheme, type Language } from './schemes.js';
export { UNICODE_VERSION } from './unicode-table.js';
