import { CapError } from './errors.js';

/**
 * JSON.parse keeps the last of two members with the same name and other parsers the first, so that two readers of one
 * text could see two documents. Throws CapError `json.malformed` with line and column of the second. `text` must be JSON.
 */
export function refuseDuplicateMembers(text: string, name: string): void {
  // For each open object the names it has so far; null stands for an array.
  const open: (Set<string> | null)[] = [];
  let expectsName = false;
  const tokens = /["{}[\],:]/g;
  for (let found = tokens.exec(text); found; found = tokens.exec(text)) {
    const { 0: token, index } = found;
    switch (token) {
      case '{':
        open.push(new Set());
        expectsName = true;
        break;
      case '[':
        open.push(null);
        expectsName = false;
        break;
      case '}':
      case ']':
        open.pop();
        expectsName = false;
        break;
      case ',':
        expectsName = open.at(-1) !== null;
        break;
      case ':':
        expectsName = false;
        break;
      default: {
        tokens.lastIndex = endOfString(text, index);
        const names = open.at(-1);
        if (!names || !expectsName) break;
        const spelled = text.slice(index, tokens.lastIndex);
        const member = spelled.includes('\\') ? (JSON.parse(spelled) as string) : spelled.slice(1, -1);
        if (names.has(member))
          throw new CapError(
            'json.malformed',
            `${name}: duplicate member ${JSON.stringify(member)}, ${place(text, index)}`,
          );
        names.add(member);
      }
    }
  }
}

/** Index after the quote that ends the string which begins at `start`: no pattern, for one gives up on long strings. */
function endOfString(text: string, start: number): number {
  for (let quote = text.indexOf('"', start + 1); quote !== -1; quote = text.indexOf('"', quote + 1)) {
    let backslashes = 0;
    while (text[quote - 1 - backslashes] === '\\') backslashes++;
    if (backslashes % 2 === 0) return quote + 1;
  }
  return text.length;
}

function place(text: string, index: number): string {
  const before = text.slice(0, index).split('\n');
  return `again at line ${before.length}, column ${before.at(-1)!.length + 1}`;
}
