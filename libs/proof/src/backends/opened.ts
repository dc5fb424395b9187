import { jcsText, type JsonObject } from '@cap/core';
import { type Digest } from '@cap/crypto';
import {
  allowedTable,
  codeFields,
  codeOf,
  type CompiledPolicy,
  type EvaluationContext,
  type Fact,
  type Requirement,
} from '@cap/policy';
import {
  identifier,
  type IdScheme,
  type ListedIdentifiers,
  listedIdentifiers,
  parseReferenceList,
  riskLevels,
  LIST_FIELDS,
  type ListName,
  type ListRow,
  type ReferenceList,
} from '@cap/lists';
import { type Commitment } from '../manifest/manifest.js';

/** A row as far as it is known. */
export interface OpenedRow {
  /** Index in the list's sorted leaves. */
  index: number;
  fields: JsonObject;
  /** Names of the fields that stay hidden, as the opening says. */
  hidden: readonly string[];
}

/** What is known of one list under its recomputed root. */
export interface OpenedList {
  list: ListName;
  idScheme: IdScheme;
  /** Number of rows, opened or not. */
  count: number;
  /** Each row at most once. */
  rows: readonly OpenedRow[];
}

/** What the facts are about besides the rows: the tables of the policy, the lists to be disjoint from. */
export interface FactsContext {
  policy: CompiledPolicy | null;
  referenceLists: ReadonlyMap<string, ReferenceList>;
}

/**
 * The facts that opened rows really show:
 * count max from the number of leaves; count min from different identifiers, distinct if all rows have one; disjoint
 * from the identifiers of all rows; rows_allowed from the codes of all rows; disclosed from whatever was opened.
 * A list without rows satisfies everything.
 */
export function factsOf(opened: OpenedList, context: FactsContext): Fact[] {
  const { list, idScheme, count, rows } = opened;
  const identifiers = rows
    .map(({ fields }) => identifier(fields as Partial<ListRow>, idScheme))
    .filter((id) => id !== null);
  const different = new Set(identifiers);
  const facts: Fact[] = [
    { kind: 'count', list, ...(different.size > 0 || count === 0 ? { min: different.size } : {}), max: count },
  ];
  if (different.size === count) facts.push({ kind: 'distinct', list, id_scheme: idScheme });
  if (identifiers.length === count)
    for (const reference of sanctionsLists(context))
      if (!identifiers.some((id) => listed(reference, idScheme).identifiers.has(id)))
        facts.push({ kind: 'disjoint', list, reference_list: reference.id, hash: reference.hash, id_scheme: idScheme });
  if (rows.length === count)
    for (const { codes, table_hash } of tables(list, context))
      if (rows.every((row) => codeAllowed(list, row, codes))) facts.push({ kind: 'rows_allowed', list, table_hash });
  if (rows.length > 0 || count === 0) {
    const complete = rows.length === count;
    facts.push({
      kind: 'disclosed',
      list,
      complete,
      rows: rows.map(({ index, fields }) => ({ index, fields })),
    });
  }
  return facts;
}

/** The rows (by index) of a fully opened list that break a requirement, where it is single rows that do. */
export function offendingRows(requirement: Requirement, { list, rows }: OpenedList, context: FactsContext): number[] {
  const { need } = requirement;
  const breaking = (breaks: (row: OpenedRow) => boolean) => rows.filter(breaks).map(({ index }) => index);
  switch (need.kind) {
    case 'disjoint': {
      const reference = context.referenceLists.get(need.reference_list);
      if (reference?.kind !== 'sanctions') return [];
      const { identifiers } = listed(reference, need.scheme);
      return breaking(({ fields }) => identifiers.has(identifier(fields as Partial<ListRow>, need.scheme) ?? ''));
    }
    case 'rows_allowed': {
      const table = tableOf(need.table, list, context);
      return table ? breaking((row) => !codeAllowed(list, row, table.codes)) : [];
    }
    case 'count':
    case 'disclosed':
      return [];
  }
}

interface AllowedCodes {
  codes: ReadonlySet<number>;
  table_hash: Digest;
}

/** The allowed-codes tables that the policy's rules over a list name, each once. */
function tables(list: ListName, context: FactsContext): AllowedCodes[] {
  const found = new Set<AllowedCodes>();
  for (const { list: of, need } of context.policy?.requirements ?? []) {
    const table = of === list && need.kind === 'rows_allowed' ? tableOf(need.table, list, context) : null;
    if (table) found.add(table);
  }
  return [...found];
}

type TableSpec = Extract<Requirement['need'], { kind: 'rows_allowed' }>['table'];

// A table is computed once for as long as the bytes of its list are held; explicit countries need no list.
const computed = new WeakMap<Uint8Array, Map<string, AllowedCodes>>();
const NO_LIST = new Uint8Array(0);
/** Tables kept for one list, or without one: policies that strangers send can name any number. */
const MOST_TABLES = 1_000;

/** Null when the table is over the jurisdictions and they are not at hand. */
export function tableOf(spec: TableSpec, list: string, { referenceLists }: Pick<FactsContext, 'referenceLists'>) {
  const bytes = 'exclude_risk' in spec ? referenceLists.get('jurisdictions')?.bytes : NO_LIST;
  if (!bytes) return null;
  const known = computed.get(bytes) ?? new Map<string, AllowedCodes>();
  computed.set(bytes, known);
  const key = `${list === 'ubos'} ${jcsText(spec)}`;
  const found = known.get(key);
  if (found) return found;
  if (known.size >= MOST_TABLES) known.clear();
  const { codes, table_hash } = allowedTable(spec, bytes === NO_LIST ? new Map() : riskLevels(bytes), list);
  const table: AllowedCodes = { codes: new Set(codes), table_hash };
  known.set(key, table);
  return table;
}

/** What the evaluation of rules needs to know besides the facts: `named` are the manifest's lists, `held` their contents. */
export const evaluationContextOf = (
  named: EvaluationContext['lists'],
  held: ReadonlyMap<string, ReferenceList>,
  commitments: readonly Pick<Commitment, 'list' | 'id_scheme'>[],
): EvaluationContext => ({
  lists: named,
  idSchemes: new Map(commitments.map(({ list, id_scheme }) => [list, id_scheme])),
  allowedCodes: (spec, list) => tableOf(spec, list, { referenceLists: held }),
  listedIdentifiers: (id, scheme) => {
    const reference = held.get(id);
    return reference?.kind === 'sanctions' ? listed(reference, scheme) : null;
  },
});

/**
 * Is the code of an opened row in the table? Its code fields must be open; due_diligence may also be absent, which
 * counts as none.
 */
function codeAllowed(list: ListName, { fields, hidden }: OpenedRow, codes: ReadonlySet<number>): boolean {
  const open = codeFields(list).every(
    (name) => (name in fields || !LIST_FIELDS[list][name]!.required) && !hidden.includes(name),
  );
  return open && codes.has(codeOf(fields as unknown as ListRow));
}

const sanctionsLists = ({ referenceLists }: FactsContext): ReferenceList[] =>
  [...referenceLists.values()].filter(({ kind }) => kind === 'sanctions');

// A list is parsed once for as long as its bytes are held: verifiers meet the same lists again and again.
const parsed = new WeakMap<Uint8Array, Map<IdScheme, ListedIdentifiers>>();

/** The identifiers on a sanctions list. Throws CapError `list.invalid` for contents that are no such list. */
export function listed({ bytes, id }: ReferenceList, scheme: IdScheme): ListedIdentifiers {
  const known = parsed.get(bytes) ?? new Map<IdScheme, ListedIdentifiers>();
  parsed.set(bytes, known);
  const found = known.get(scheme);
  if (found) return found;
  const list = parseReferenceList('sanctions', bytes, `${id}.csv`);
  const identifiers = listedIdentifiers(list.kind === 'sanctions' ? list.entries : [], scheme);
  known.set(scheme, identifiers);
  return identifiers;
}
