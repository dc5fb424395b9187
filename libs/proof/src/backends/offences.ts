import { identifier, type IdScheme, type Requirement } from '@cap/policy';
import { listedEntries, type ListedEntry } from '../lists/reference.js';
import { type ListRow } from '../lists/rows.js';
import { type ProofContext, type ProverList } from './backend.js';

/** A row that breaks a rule: for the prover's eyes, since it names the row. */
export interface Offence {
  list: string;
  /** Of the file that was prepared, from 1. */
  line: number;
  name: string;
  /** The entry of a reference list that the row was found to be. */
  hit?: ListedEntry & { reference_list: string };
}

/** A rule that does not hold, with every row that breaks it. */
export interface FalseRule {
  rule_id: string;
  rows: Offence[];
}

/** What the rows (by index) of a prover's list do wrong, by line. */
export function offences(
  { need }: Requirement,
  { list, rows, lines, idScheme }: ProverList & { idScheme: IdScheme },
  breaking: readonly number[],
  context: Pick<ProofContext, 'referenceLists'>,
): Offence[] {
  const reference = need.kind === 'disjoint' ? context.referenceLists.get(need.reference_list) : undefined;
  const entries = reference && listedEntries(reference.bytes, idScheme);
  const hitOf = (row: ListRow) => {
    const entry = entries?.get(identifier(row, idScheme) ?? '');
    return reference && entry && { reference_list: reference.id, ...entry };
  };
  return breaking
    .map((index): Offence => {
      const hit = hitOf(rows[index]!);
      return { list, line: lines[index]!, name: rows[index]!.name, ...(hit && { hit }) };
    })
    .sort((a, b) => a.line - b.line);
}

/** One offence in words: the row and, if it is listed, the entry. */
export function offenceWords({ list, line, name, hit }: Offence): string {
  const row = `${list} line ${line} (${JSON.stringify(name)})`;
  if (!hit) return row;
  const id = hit.id === undefined ? '' : `, id ${hit.id}`;
  return `${row} is ${JSON.stringify(hit.name)}${id} in line ${hit.line} of ${hit.reference_list}`;
}

const SHOWN = 10;

/** As many as a person reads, with a colon before them; nothing for none. */
export function firstOffences(rows: readonly Offence[]): string {
  if (rows.length === 0) return '';
  const more = rows.length > SHOWN ? ` and ${rows.length - SHOWN} more` : '';
  return `: ${rows.slice(0, SHOWN).map(offenceWords).join(', ')}${more}`;
}
