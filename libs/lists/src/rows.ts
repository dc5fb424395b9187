/** Typed rows: texts are NFC and trimmed; an absent optional field is an absent member. */
export interface SupplierRow {
  name: string;
  /** ISO 3166-1 alpha-2. */
  jurisdiction: string;
  tier: number;
  id?: string;
  due_diligence?: boolean;
  /** YYYY-MM-DD. */
  audit_date?: string;
}
export interface UboRow {
  name: string;
  /** YYYY-MM-DD. */
  birthdate: string;
  citizenship: string;
  id?: string;
}
export type ListName = 'suppliers' | 'ubos';
export type ListRow = SupplierRow | UboRow;

export type ReferenceListKind = 'sanctions' | 'jurisdictions';

/** A reference list whose contents are at hand. */
export interface ReferenceList {
  id: string;
  kind: ReferenceListKind;
  /** SHA3-256 of the raw CSV bytes. */
  hash: `0x${string}`;
  /** YYYY-MM-DD or RFC 3339. */
  as_of: string;
  /** The raw CSV. */
  bytes: Uint8Array;
}
