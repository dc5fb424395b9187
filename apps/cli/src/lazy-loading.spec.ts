import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from '@jest/globals';

const STATEMENT = /^(?:import|export)\s(?!type\b)[^;'"]*?from '([^']+)';|^import '([^']+)';/gm;

/** Everything that a module imports at once, directly or through another of ours; type imports leave nothing in the build. */
async function importedAtOnce(file: string, seen = new Map<string, string>()): Promise<Map<string, string>> {
  for (const [, from, bare] of (await readFile(file, 'utf8')).matchAll(STATEMENT)) {
    const name = from ?? bare!;
    if (seen.has(name)) continue;
    if (!name.startsWith('.')) {
      seen.set(name, file);
      continue;
    }
    const module = path.resolve(path.dirname(file), name.replace(/\.js$/, '.ts'));
    if (seen.has(module)) continue;
    seen.set(module, file);
    await importedAtOnce(module, seen);
  }
  return seen;
}

it('starts without the libraries: a verb loads what it needs when it is called', async () => {
  const packages = [...(await importedAtOnce('apps/cli/src/cli.ts')).keys()].filter((name) => !path.isAbsolute(name));
  expect(packages.sort()).toEqual(['@cap/core/errors', '@commander-js/extra-typings', 'node:os', 'node:util']);
});
