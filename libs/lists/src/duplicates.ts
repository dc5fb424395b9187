import { comparedBy } from './schemes.js';
import { listInvalid, type ListFault } from './faults.js';
import { identifierFields, type IdScheme, type ListName, type ListRow } from './fields.js';
import { identifier } from './identifier.js';

/** Rows, and the line of each in its file. */
interface NumberedRows {
  rows: readonly ListRow[];
  lines: readonly number[];
}

/**
 * Refuses (CapError `list.invalid`, all rows at once) rows that lack what the scheme needs, and rows that are the same
 * under it: a list with one supplier on two lines could inflate a proven count. Merge duplicates first.
 */
export function assertIdentifiers(
  list: ListName,
  { rows: given, lines }: NumberedRows,
  scheme: IdScheme,
  file: string,
): void {
  const rows = given.map((row, i) => ({ row, line: lines[i]! }));
  const lacking = rows
    .filter(({ row }) => identifier(row, scheme) === null)
    .map(({ row, line }): ListFault => ({
      file,
      line,
      column: identifierFields(list, scheme).find((field) => row[field as keyof ListRow] === undefined) ?? null,
      message: `the identifier scheme ${scheme} needs ${comparedBy(scheme)}, and this row lacks it`,
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
      : [{ file, line, column: null, message: `duplicate of line ${first} (identifier scheme ${scheme}); merge them` }];
  });
}
