import { identifier, type IdScheme } from '@cap/policy';
import { listInvalid, type ListFault } from './faults.js';
import { type Intake } from './intake.js';
import { type ListName, type ListRow } from './rows.js';

/** The scheme that a list is committed under unless told otherwise: `id` if there are rows and each has one, else the name with country or birthdate. */
export function defaultIdScheme(list: ListName, rows: readonly Partial<ListRow>[]): IdScheme {
  if (rows.length > 0 && rows.every((row) => row.id !== undefined)) return 'id';
  return list === 'suppliers' ? 'name' : 'person';
}

/**
 * Refuses (CapError `list.invalid`, all rows at once) rows that lack what the scheme needs, and rows that are the same
 * under it: a list with one supplier on two lines could prove a count that is not there. Merge duplicates first.
 */
export function checkIdentifiers(intake: Intake<ListRow>, scheme: IdScheme, file: string): void {
  const rows = intake.rows.map((row, i) => ({ row, line: intake.lines[i]! }));
  const lacking = rows
    .filter(({ row }) => identifier(row, scheme) === null)
    .map(({ line }): ListFault => ({
      file,
      line,
      column: 'id',
      message: `the identifier scheme ${scheme} needs a field that this row lacks`,
    }));
  const faults = [...lacking, ...duplicates(rows, scheme, file)].sort((a, b) => a.line - b.line);
  if (faults.length > 0) throw listInvalid(faults);
}

/** A fault for each row that is the same as an earlier one. Rows that lack a field of the scheme are passed over. */
export function duplicates(
  rows: readonly { row: Partial<ListRow>; line: number }[],
  scheme: IdScheme,
  file: string,
): ListFault[] {
  const firstLine = new Map<string, number>();
  return rows.flatMap(({ row, line }): ListFault[] => {
    const id = identifier(row, scheme);
    if (id === null) return [];
    const first = firstLine.get(id);
    if (first === undefined) firstLine.set(id, line);
    return first === undefined
      ? []
      : [{ file, line, column: null, message: `the same as line ${first} (identifier scheme ${scheme}); merge them` }];
  });
}
