/** What an operator and an auditor do with a registry that runs: hold, erase, collect, export, import, fsck. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { writeFile } from 'node:fs/promises';
import { cap, capOk } from '../scripts/local-stack.mjs';
import { call, postZip, World } from './world.js';

let world: World;
let entry: { entry_id: string; bundle_id: string };
let logKey: string;
beforeAll(async () => {
  world = await World.start();
  await postZip(`${world.stack.verifierUrl}/verify?register=true`, world.token, await world.bundleBytes());
  [entry] = (await json('registry', 'list')).items;
  const { body: checkpoint } = await call(`${world.stack.registryUrl}/v1/log/checkpoint`, {
    token: world.stack.tokens.operator,
  });
  logKey = checkpoint.verifier_keys[0];
});
afterAll(() => world.end());

const operator = (...args: string[]) =>
  cap([...args, '--url', world.stack.registryUrl], { env: { CAP_TOKEN: world.stack.tokens.operator } });
const json = async (...args: string[]) => {
  const { code, stdout, stderr } = await operator(...args, '--json');
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout);
};

it('an export of the running registry is complete, and is checked without it', async () => {
  const made = await capOk([
    'keys',
    'generate',
    '--keys',
    world.project.at('audit'),
    '--owner',
    'A',
    '--usage',
    'audit',
    '--json',
  ]);
  const { kid } = JSON.parse(made.stdout);
  const out = world.project.at('export.zip');
  const flags = ['--keys', world.project.at('audit'), '--key', kid, '--out', out];
  expect(await json('audit', 'export', ...flags)).toMatchObject({ complete: true, entries: 1, signed_by: kid });
  const trust = ['--signer', world.project.at('audit', `${kid}.pub`), '--log-key', logKey];
  const verified = await capOk(['audit', 'verify', out, ...trust, '--json']);
  expect(JSON.parse(verified.stdout)).toMatchObject({ ok: true, complete: true, log_signed: true });
});

it("the older program's registry is noted beside the entries, and stays unverified", async () => {
  const file = world.project.at('legacy.json');
  const entries = [{ id: 'a', manifest_hash: `0x${'1'.repeat(64)}` }];
  await writeFile(file, JSON.stringify({ registry_version: '1.0', entries }));
  expect(await json('registry', 'import', file)).toMatchObject({ imported: 1 });
  expect(await json('registry', 'import', file)).toMatchObject({ imported: 0 });
  expect((await json('registry', 'list')).items).toHaveLength(1);
  const { code, stdout } = await operator('registry', 'export');
  expect(code).toBe(0);
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines.filter(({ event }) => event === 'legacy.entry')).toMatchObject([{ details: { legacy_id: 'a' } }]);
  expect(lines.filter(({ type }) => type === 'entry')).toMatchObject([{ entry_id: entry.entry_id }]);
});

it('a bundle is held, let go, erased, and not taken again', async () => {
  expect((await json('registry', 'hold', entry.entry_id)).items).toMatchObject([{ legal_hold: true }]);
  expect((await operator('registry', 'erase', entry.entry_id, '--yes')).stderr).toContain('bundle.held');
  await json('registry', 'release', entry.bundle_id);
  expect(await json('registry', 'erase', entry.bundle_id, '--yes')).toMatchObject({ bundle_id: entry.bundle_id });
  expect(await json('registry', 'show', entry.entry_id)).toMatchObject({ erased_at: expect.any(String) });
  const again = await postZip(
    `${world.stack.verifierUrl}/verify?register=true`,
    world.token,
    await world.bundleBytes(),
  );
  expect(again.body).toMatchObject({ status: 409, code: 'bundle.erased' });
  expect(await json('blob', 'gc', '--dry-run')).toMatchObject({ blocked_by_snapshot: false, restored: 0 });
  const directory = world.stack.at('data');
  const fsck = await capOk(['registry', 'fsck', '--data-dir', directory, '--log-key', logKey, '--json']);
  expect(JSON.parse(fsck.stdout)).toMatchObject({ ok: true, signatures_checked: true, checked: { entries: 1 } });
});
