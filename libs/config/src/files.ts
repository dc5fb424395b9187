import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import { systemWords } from '@cap/core/files';
import type { ConfigProblem } from './errors.js';
import { type Entries, leaves, setEntry, wholeKey } from './entries.js';

const KEY = /^[A-Za-z][A-Za-z0-9_-]*$/;

/** Reads one YAML (or JSON) file into an object; problems name the line. */
function readYaml(file: string, problems: ConfigProblem[]): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    problems.push({
      source: file,
      key: '',
      expected: `expected a readable file (${systemWords(error)})`,
    });
    return {};
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { schema: 'core', uniqueKeys: true, lineCounter: lines, prettyErrors: false });
  const [fault] = document.errors;
  if (fault) {
    const { line, col } = lines.linePos(fault.pos[0]);
    problems.push({ source: file, key: '', expected: `line ${line}, column ${col}: expected YAML: ${fault.message}` });
    return {};
  }
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 0 });
  } catch {
    problems.push({ source: file, key: '', expected: 'expected YAML without aliases' });
    return {};
  }
  if (value === null) return {}; // an empty file says nothing
  if (typeof value === 'object' && !Array.isArray(value)) return value as Record<string, unknown>;
  problems.push({ source: file, key: '', expected: 'expected keys and values' });
  return {};
}

/** Adds the settings of one document. `oauth2` is the older name of `oauth`; a key that is set twice must have the same value. */
export function readDocument(entries: Entries, document: unknown, source: string, problems: ConfigProblem[]): void {
  for (const [said, value] of leaves(document)) {
    if (said === '') continue;
    const odd = said.split('.').find((name) => !KEY.test(name));
    if (odd !== undefined) {
      problems.push({ source, key: said, expected: 'unknown key' });
      continue;
    }
    // A section that is there but empty (`oauth:`) says nothing.
    if (value === null && !said.includes('.')) continue;
    const key = wholeKey(said.replace(/^oauth2(?=\.|$)/, 'oauth'));
    const present = entries.get(key);
    if (present && JSON.stringify(present.value) !== JSON.stringify(value))
      problems.push({
        source,
        key: said,
        expected: `contradicts ${key} of ${present.source}; expected it once, or the same value`,
      });
    else setEntry(entries, key, { value, source, rank: 1 });
  }
}

/** What auth.yaml and tls.yaml beside app.yaml may hold. */
const COMPANIONS: readonly { file: string; sections: readonly string[] }[] = [
  { file: 'auth.yaml', sections: ['oauth', 'oauth2'] },
  { file: 'tls.yaml', sections: ['tls'] },
];

/** Reads `file` and the companions beside it that exist. */
export function readFiles(entries: Entries, file: string, problems: ConfigProblem[]): void {
  readDocument(entries, readYaml(file, problems), file, problems);
  for (const { file: name, sections } of COMPANIONS) {
    const companion = path.join(path.dirname(file), name);
    if (companion === path.normalize(file) || !existsSync(companion)) continue;
    const document = readYaml(companion, problems);
    for (const key of Object.keys(document))
      if (!sections.includes(key)) {
        problems.push({
          source: companion,
          key,
          expected: `unknown key; expected only ${sections.join(' or ')} in ${name}`,
        });
        delete document[key];
      }
    readDocument(entries, document, companion, problems);
  }
}
