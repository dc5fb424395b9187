/**
 * The one schema of a list. Where do I add a field? Here: a line in SUPPLIER_FIELDS or UBO_FIELDS. From it come the type of a row (SupplierRow,
 * UboRow), what `cap prepare` reads (cells.ts reads a value of each kind), what a commitment covers and a disclosure may open,
 * and the fields that a policy's rule may name. Two things are listed separately, since only some fields belong to them: what
 * rows are told apart by (identifierFields below) and what a code is made of (codeFields in @cap/policy). A new field must be
 * optional, because existing lists lack it; vectors of commitments change with it, and docs/formats.md names it.
 */
export type FieldKind = 'text' | 'country' | 'tier' | 'boolean' | 'date' | 'risk';
interface FieldSpec {
  kind: FieldKind;
  required: boolean;
}
export type FieldSpecs = Readonly<Record<string, FieldSpec>>;

const required = <K extends FieldKind>(kind: K) => ({ kind, required: true }) as const;
const optional = <K extends FieldKind>(kind: K) => ({ kind, required: false }) as const;

export const SUPPLIER_FIELDS = {
  name: required('text'),
  jurisdiction: required('country'),
  tier: required('tier'),
  id: optional('text'),
  due_diligence: optional('boolean'),
  audit_date: optional('date'),
};
export const UBO_FIELDS = {
  name: required('text'),
  birthdate: required('date'),
  citizenship: required('country'),
  id: optional('text'),
};
export const SANCTIONS_FIELDS = {
  name: required('text'),
  birthdate: optional('date'),
  nationality: optional('country'),
  id: optional('text'),
};
export const JURISDICTIONS_FIELDS = { iso_code: required('country'), risk_level: required('risk') };

export type ListName = 'suppliers' | 'ubos';
export type ReferenceListKind = 'sanctions' | 'jurisdictions';

/** The fields of a committed row, by list. */
export const LIST_FIELDS: Readonly<Record<ListName, FieldSpecs>> = { suppliers: SUPPLIER_FIELDS, ubos: UBO_FIELDS };

/** The columns of a reference list. */
export const REFERENCE_FIELDS: Readonly<Record<ReferenceListKind, FieldSpecs>> = {
  sanctions: SANCTIONS_FIELDS,
  jurisdictions: JURISDICTIONS_FIELDS,
};

/** How an identifier of a list is built: `id:`…, `name:`…|country, `person:`…|birthdate (cap.id.v1). */
export type IdScheme = 'id' | 'name' | 'person';

/** The row fields that a scheme reads in a list. */
export function identifierFields(list: string, scheme: IdScheme): string[] {
  if (scheme === 'id') return ['id'];
  if (scheme === 'person') return ['name', 'birthdate'];
  return ['name', list === 'ubos' ? 'citizenship' : 'jurisdiction'];
}

/** The risk that a jurisdictions list gives a country. */
export type RiskLevel = 'low' | 'medium' | 'high';

/** Typed values: texts are NFC and trimmed, a country is an ISO 3166-1 alpha-2 code, a date YYYY-MM-DD. */
interface Values {
  text: string;
  country: string;
  tier: number;
  boolean: boolean;
  date: string;
  risk: RiskLevel;
}
type Required<F extends FieldSpecs> = {
  [N in keyof F as F[N]['required'] extends true ? N : never]: Values[F[N]['kind']];
};
type Optional<F extends FieldSpecs> = {
  [N in keyof F as F[N]['required'] extends true ? never : N]?: Values[F[N]['kind']];
};
/** An absent optional field is an absent member. */
export type RowOf<F extends FieldSpecs> = Required<F> & Optional<F>;

export type SupplierRow = RowOf<typeof SUPPLIER_FIELDS>;
export type UboRow = RowOf<typeof UBO_FIELDS>;
export type ListRow = SupplierRow | UboRow;
/** One line (an alias is a line of its own) of a list of names. */
export type SanctionsEntry = RowOf<typeof SANCTIONS_FIELDS>;
export type JurisdictionsEntry = RowOf<typeof JURISDICTIONS_FIELDS>;
