/** A text as one cell of a CSV file with commas. */
export const csvCell = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** A spreadsheet would take such a cell for a formula. */
export const plainCell = (text: string): string => (/^[=+\-@\t]/u.test(text) ? `'${text}` : text);
