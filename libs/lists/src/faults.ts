import { CapError } from '@cap/core';

/** One thing that is wrong with a list; line from 1, column by its header, null where the whole row is meant. */
export interface ListFault {
  file: string;
  line: number;
  column: string | null;
  message: string;
}

/** The error that reports the faults of a list: the first twenty in words, all of them in `details`. */
export function listInvalid(faults: readonly ListFault[]): CapError {
  const words = faults
    .slice(0, 20)
    .map(({ file, line, column, message }) => `${file}:${line}${column === null ? '' : ` (${column})`}: ${message}`);
  if (faults.length > words.length) words.push(`and ${faults.length - words.length} more`);
  return new CapError('list.invalid', words.join('\n'), { details: faults });
}
