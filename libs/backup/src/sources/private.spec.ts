import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from '@jest/globals';
import { containsSecret } from './private.js';

const root = path.join(import.meta.dirname, '../../../..');
const shipped = globSync('{examples,deploy}/**/config/**/*.yaml', { cwd: root });

it('the configuration that is shipped is saved: nothing in it looks like a secret', () => {
  expect(shipped.length).toBeGreaterThan(8);
  const left = shipped.filter((file) => containsSecret('config/app.yaml', readFileSync(path.join(root, file))));
  expect(left).toEqual([]);
});

it.each([
  [
    'a comment about a token',
    'registry:\n  # TOKEN: comes from the Secret cap-tokens\n  url: http://x # its token: in a file\n',
    false,
  ],
  ['a value with a comment behind it', 'token: Zahnfee-1848 # the token: of the verifier\n', true],
  ['a value that looks like a comment', "password: ' # not this'\n", true],
  ['a setting that was commented out', '# password: Zahnfee-1848\n', true],
  ['a private key in a comment', '# -----BEGIN PRIVATE KEY-----\n', true],
  ['a URL with a password in a comment', '# postgres://cap:Zahnfee@db/cap\n', true],
])('of configuration, values count and not what is said of them: %s', (_what, text, secret) => {
  expect(containsSecret('config/app.yaml', Buffer.from(text))).toBe(secret);
});
