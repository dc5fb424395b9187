import { CapError } from '@cap/crypto';

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]/gs;

/**
 * JSON.parse keeps the last of two members with the same name, so that two readers could see two policies in one text.
 * Throws CapError `policy.invalid` with line and column of the second. `text` must be JSON.
 */
export function refuseDuplicateMembers(text: string, name: string): void {
  // For each open object the names it has so far; null stands for an array.
  const open: (Set<string> | null)[] = [];
  let expectsName = false;
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
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
        const names = open.at(-1);
        if (!names || !expectsName) break;
        const member = JSON.parse(token) as string;
        if (names.has(member))
          throw new CapError(
            'input',
            'policy.invalid',
            `${name}: the member ${JSON.stringify(member)} stands there twice, ${place(text, index)}`,
          );
        names.add(member);
      }
    }
  }
}

function place(text: string, index: number): string {
  const before = text.slice(0, index).split('\n');
  return `again at line ${before.length}, column ${before.at(-1)!.length + 1}`;
}
