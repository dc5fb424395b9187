import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from '@jest/globals';
import { holdsSecret } from './private.js';

const root = path.join(import.meta.dirname, '../../../..');
const shipped = globSync('{examples,deploy}/**/config/**/*.yaml', { cwd: root });

it('the configuration that is shipped is saved: nothing in it looks like a secret', () => {
  expect(shipped.length).toBeGreaterThan(8);
  const left = shipped.filter((file) => holdsSecret('config/app.yaml', readFileSync(path.join(root, file))));
  expect(left).toEqual([]);
});
