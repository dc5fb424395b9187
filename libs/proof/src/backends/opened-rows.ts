import type { JsonObject } from '@cap/core';
import type { CompiledPolicy, EvaluationContext, Fact, Requirement } from '@cap/policy';
import { type AllowedCodes, allowedCodes, codeFields, type Coded, codeOf, type TableSpec } from '@cap/policy/codes';
import { identifier, type IdScheme, LIST_FIELDS, type ListName, type ListRow } from '@cap/lists';
import type { NamedReferenceList } from '@cap/lists/reference-lists';
import type { Commitment } from '../manifest/manifest.js';

/** A row as far as it is known. */
interface OpenedRow {
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
interface FactsContext {
  policy: CompiledPolicy | null;
  referenceLists: ReadonlyMap<string, NamedReferenceList>;
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
      if (!isListed(identifiers, reference, idScheme))
        facts.push({
          kind: 'disjoint',
          list,
          reference_list: reference.id,
          hash: reference.list.hash,
          id_scheme: idScheme,
        });
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
      const { identifiers } = reference.list.sanctions().identifiers(need.scheme);
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

/** The allowed-codes tables that the policy's rules over a list name, each once. */
function tables(list: ListName, context: FactsContext): AllowedCodes[] {
  const found = new Set<AllowedCodes>();
  for (const { list: of, need } of context.policy?.requirements ?? []) {
    const table = of === list && need.kind === 'rows_allowed' ? tableOf(need.table, list, context) : null;
    if (table) found.add(table);
  }
  return [...found];
}

/** Null if the table depends on the jurisdictions and they are not available. */
export const tableOf = (
  spec: TableSpec,
  list: string,
  { referenceLists }: Pick<FactsContext, 'referenceLists'>,
): AllowedCodes | null => allowedCodes(spec, list, referenceLists.get('jurisdictions')?.list);

/** What the evaluation of rules needs to know besides the facts: the manifest's lists by hash, and their contents. */
export const evaluationContextOf = (
  hashes: EvaluationContext['lists'],
  lists: ReadonlyMap<string, NamedReferenceList>,
  commitments: readonly Pick<Commitment, 'list' | 'id_scheme'>[],
): EvaluationContext => ({
  lists: hashes,
  idSchemes: new Map(commitments.map(({ list, id_scheme }) => [list, id_scheme])),
  allowedCodes: (spec, list) => tableOf(spec, list, { referenceLists: lists }),
  listedIdentifiers: (id, scheme) => {
    const reference = lists.get(id);
    return reference?.kind === 'sanctions' ? reference.list.sanctions().identifiers(scheme) : null;
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
  return open && codes.has(codeOf(fields as Coded));
}

const sanctionsLists = ({ referenceLists }: FactsContext): NamedReferenceList[] =>
  [...referenceLists.values()].filter(({ kind }) => kind === 'sanctions');

function isListed(identifiers: readonly string[], { list }: NamedReferenceList, scheme: IdScheme): boolean {
  const listed = list.sanctions().identifiers(scheme).identifiers;
  return identifiers.some((id) => listed.has(id));
}
