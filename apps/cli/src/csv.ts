import { CapError } from '@cap/core';

/** `--columns FIELD=HEADER,…`: header by field. A comma or equals sign inside a header is escaped with a backslash. */
export function parseColumns(text: string | undefined): Map<string, string> {
  const columns = new Map<string, string>();
  if (text === undefined) return columns;
  for (const part of splitUnescaped(text, ',')) {
    const [field, header, ...more] = splitUnescaped(part, '=').map((piece) =>
      piece.replace(/\\([,=\\])/g, '$1').trim(),
    );
    if (!field || !header || more.length > 0)
      throw new CapError('option.columns', `--columns: expected FIELD=HEADER,…, found ${JSON.stringify(part)}`);
    if (columns.has(field)) throw new CapError('option.columns', `--columns: ${field} is given twice`);
    columns.set(field, header);
  }
  return columns;
}

const splitUnescaped = (text: string, separator: ',' | '='): string[] =>
  text.match(separator === ',' ? /(?:\\.|[^,\\])+/gs : /(?:\\.|[^=\\])+/gs) ?? [''];

/** One line of a CSV file with commas. */
export const csvLine = (cells: readonly string[]): string => `${cells.map(quoted).join(',')}\n`;

/** The same for a file that will be opened in a spreadsheet, which would take some cells for formulas. */
export const spreadsheetLine = (cells: readonly string[]): string =>
  csvLine(cells.map((text) => (/^[=+\-@\t]/u.test(text) ? `'${text}` : text)));

const quoted = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
