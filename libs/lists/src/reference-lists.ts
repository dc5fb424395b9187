/**
 * @cap/lists/reference-lists: Reference lists: lists of names and of countries with which a company's rows are compared. Start in reference.ts.
 */
export { REFERENCE_FIELDS, type ReferenceListKind } from './fields.js';
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
