import { readFile } from 'node:fs/promises';
import path from 'node:path';

const PAGE = await readFile(path.join(import.meta.dirname, '../../../../docs/api.md'), 'utf8');

/** The rows of a table of docs/api.md, told by its first header: cells as they are written. */
export function tableOfPage(header: string): string[][] {
  const lines = PAGE.split('\n');
  const start = lines.findIndex((line) => line.startsWith(`| ${header} |`));
  const end = lines.findIndex((line, i) => i > start && !line.startsWith('|'));
  return lines.slice(start + 2, end).map((line) =>
    line
      .slice(1, -1)
      .split(/(?<!\\)\|/u)
      .map((cell) => cell.trim()),
  );
}
