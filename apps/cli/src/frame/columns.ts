import { CapError } from '@cap/core';

/** `FIELD=HEADER,…` -> header by field. A comma or equals sign inside a header is written with a backslash before it. */
export function parseColumns(text: string | undefined): Map<string, string> {
  const columns = new Map<string, string>();
  if (text === undefined) return columns;
  for (const part of splitUnescaped(text, ',')) {
    const [field, header, ...more] = splitUnescaped(part, '=').map((piece) =>
      piece.replace(/\\([,=\\])/g, '$1').trim(),
    );
    if (!field || !header || more.length > 0)
      throw new CapError('option.columns', `--columns: expected FIELD=HEADER,…, found ${JSON.stringify(part)}`);
    if (columns.has(field)) throw new CapError('option.columns', `--columns: ${field} is named twice`);
    columns.set(field, header);
  }
  return columns;
}

const splitUnescaped = (text: string, separator: ',' | '='): string[] =>
  text.match(separator === ',' ? /(?:\\.|[^,\\])+/gs : /(?:\\.|[^=\\])+/gs) ?? [''];
