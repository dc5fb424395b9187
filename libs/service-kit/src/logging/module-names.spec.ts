import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from '@jest/globals';

const root = path.join(import.meta.dirname, '../../../..');
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');

it('documents every module name that LOG_LEVEL knows', () => {
  const sources = globSync(['libs/service-kit/src/**/*.ts', 'apps/*/src/**/*.ts'], { cwd: root })
    .filter((file) => !/\.(spec|fixture)\.ts$/.test(file))
    .map((file) => read(file).replaceAll(/^ *(\*|\/\/|\/\*).*$/gm, '')); // examples in comments name modules that do not exist
  const used = sources.flatMap((text) =>
    [...text.matchAll(/(?<!Symbol)\.for\('([a-z-]+)'\)/g)].map(([, name]) => name!),
  );
  const [, table] = /\| module \| of \|.*\n\|[-|]+\n((?:\|.*\n)+)/.exec(read('docs/configuration.md')) ?? [];
  const documented = [...table!.matchAll(/^\| `([a-z-]+)` /gm)].map(([, name]) => name!);
  expect(documented.toSorted()).toEqual([...new Set([...used, 'nest'])].toSorted());
});
