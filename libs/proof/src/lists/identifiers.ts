import { identifier, type IdScheme } from '@cap/policy';
import { listInvalid, type Intake, type ListFault } from './intake.js';
import { type ListName, type ListRow } from './rows.js';

/** The scheme that a list is committed under unless told otherwise: `id` if there are rows and each has one, else the name with country or birthdate. */
export function defaultIdScheme(list: ListName, rows: readonly ListRow[]): IdScheme {
  if (rows.length > 0 && rows.every((row) => row.id !== undefined)) return 'id';
  return list === 'suppliers' ? 'name' : 'person';
}

/**
 * Refuses (CapError `list.invalid`, all rows at once) rows that lack what the scheme needs, and rows that are the same
 * under it: a list with one supplier on two lines could prove a count that is not there. Merge duplicates first.
 */
export function checkIdentifiers(intake: Intake<ListRow>, scheme: IdScheme, file: string): void {
  const faults: ListFault[] = [];
  const firstLine = new Map<string, number>();
  intake.rows.forEach((row, i) => {
    const line = intake.lines[i]!;
    const id = identifier(row, scheme);
    if (id === null)
      faults.push({
        file,
        line,
        column: 'id',
        message: `the identifier scheme ${scheme} needs a field that this row lacks`,
      });
    else if (firstLine.has(id))
      faults.push({
        file,
        line,
        column: null,
        message: `the same as line ${firstLine.get(id)} (identifier scheme ${scheme}); merge them`,
      });
    else firstLine.set(id, line);
  });
  if (faults.length > 0) throw listInvalid(faults);
}
