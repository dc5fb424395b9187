import { CapError } from '@cap/crypto';

/**
 * JSON.parse keeps the last of two members with the same name, so that two readers could see two policies in one text.
 * Throws CapError `code` with line and column of the second. `text` must be JSON.
 */
export function refuseDuplicateMembers(text: string, name: string, code = 'policy.invalid'): void {
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
        const member = JSON.parse(text.slice(index, tokens.lastIndex)) as string;
        if (names.has(member))
          throw new CapError(
            'input',
            code,
            `${name}: the member ${JSON.stringify(member)} stands there twice, ${place(text, index)}`,
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
