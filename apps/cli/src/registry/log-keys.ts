import { parseVerifierKey, type VerifierKey } from '@cap/tlog/notes';
import { readInput } from '../input.js';
import type { CliIo } from '../io.js';

const KEY = /^[^+]+\+[0-9a-f]{8}\+/;

/** The values of --log-key: keys, or files with one key a line. */
export async function readLogKeys(io: CliIo, named: readonly string[]): Promise<VerifierKey[]> {
  const keys: VerifierKey[] = [];
  for (const text of named) {
    const isKey = KEY.test(text);
    const lines = isKey ? [text] : (await readInput(io, text)).toString('utf8').split('\n').filter(Boolean);
    keys.push(...lines.map((line) => parseVerifierKey(line.trim(), isKey ? '--log-key' : text)));
  }
  return keys;
}
