import { expect, it } from '@jest/globals';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { VERSION } from './index.js';

it('is the version of every package', () => {
  const root = path.join(import.meta.dirname, '../../..');
  const packages = ['package.json', ...globSync('{apps,libs}/*/package.json', { cwd: root })];
  expect(packages.length).toBeGreaterThan(10);
  const versions = packages.map((file) => [
    file,
    (JSON.parse(readFileSync(path.join(root, file), 'utf8')) as { version: string }).version,
  ]);
  expect(versions.filter(([, version]) => version !== VERSION)).toEqual([]);
});
