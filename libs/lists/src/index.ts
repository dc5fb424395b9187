/**
 * A company's lists and the reference lists they are compared with: the fields of a row (fields.ts, the one schema of a list),
 * CSV in (intake.ts), identifiers under which rows and entries are the same (identifier.ts), sanctions and jurisdictions
 * (reference.ts). Start in fields.ts; docs/reference-lists.md and docs/formats.md are its pages.
 */
export { COUNTRIES_VERSION, countryCodes, countryNumber, type RiskLevel } from './countries.js';
export { LIST_FIELDS, REFERENCE_FIELDS, valueFault } from './fields.js';
export { identifier, identifierFields, type IdScheme, type ListedIdentifiers } from './identifier.js';
export { checkIdentifiers } from './identifiers.js';
export { type Intake, type IntakeOptions, readSuppliers, readUbos, TableReader } from './intake.js';
export {
  listedEntries,
  type ListedEntry,
  listedIdentifiers,
  type ParsedReferenceList,
  parseReferenceList,
  referenceListKind,
  riskLevels,
  unmatchableEntries,
} from './reference.js';
export {
  type ListName,
  type ListRow,
  type ReferenceList,
  type ReferenceListKind,
  type SupplierRow,
  type UboRow,
} from './rows.js';
export { comparedBy, comparison, defaultIdScheme, type Language } from './schemes.js';
export { UNICODE_VERSION } from './unicode-table.js';
export { unseenCharacter } from './unseen.js';
