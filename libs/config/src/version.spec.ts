import { expect, it } from '@jest/globals';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { VERSION } from './index.js';

const root = path.join(import.meta.dirname, '../../..');

it('is the version of every package', () => {
  const packages = ['package.json', ...globSync('{apps,libs}/*/package.json', { cwd: root })];
  expect(packages.length).toBeGreaterThan(10);
  const versions = packages.map((file) => [
    file,
    (JSON.parse(readFileSync(path.join(root, file), 'utf8')) as { version: string }).version,
  ]);
  expect(versions.filter(([, version]) => version !== VERSION)).toEqual([]);
});

it('is what the images are labelled with, also when nobody says a version', () => {
  expect(readFileSync(path.join(root, 'docker/Dockerfile'), 'utf8')).toContain(`\nARG VERSION=${VERSION}\n`);
});
