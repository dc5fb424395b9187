import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFile, writeFile } from 'node:fs/promises';
import { contractFaults } from '../deploy/monitoring/src/exposition.ts';
import { readBundle } from '../libs/proof/src/bundle.js';
import { cap, capOk } from '../scripts/local-stack.mjs';
import { POLICY } from './example-project.js';
import { call, postJson, postZip, proveAgain, upload, World } from './world.js';

let world: World;
beforeAll(async () => {
  world = await World.start();
}, 120_000);
afterAll(() => world?.end());

interface Check {
  id: string;
  status: string;
}
const failing = (report: { checks: Check[] }) =>
  report.checks.filter((check) => check.status === 'fail').map((check) => check.id);
const offlineArguments = () => [...['--offline', '--json', '--trust', world.project.trust, '--policy', POLICY]];

describe('the walkthrough over three processes', () => {
  it('uploads, judges ok, registers durably and lists the entry', async () => {
    const { stack, token } = world;
    const bytes = await world.bundleBytes();
    const uploaded = await upload(stack, token, bytes);
    expect(uploaded.status).toBe(200);
    expect(uploaded.body.package_info.size_bytes).toBe(bytes.length);
    expect((await upload(stack, token, bytes)).body).toEqual(uploaded.body);

    const verdict = await postJson(`${stack.verifierUrl}/verify`, token, {
      bundle_id: uploaded.body.bundle_id,
      options: { register: true },
    });
    expect(verdict.body).toMatchObject({ result: 'ok', bundle_id: uploaded.body.bundle_id });
    expect(verdict.body.report.rules.map((rule: Check) => rule.status)).not.toContain('unproven');
    expect(Number.isInteger(verdict.body.log_index)).toBe(true);

    const again = await postJson(`${stack.verifierUrl}/verify`, token, {
      bundle_id: uploaded.body.bundle_id,
      options: { register: true },
    });
    expect(again.body.log_index).toBe(verdict.body.log_index);
    const entries = await call(`${stack.verifierUrl}/registry/entries`, { token });
    expect(entries.body.items).toHaveLength(1);
    expect(entries.body.items[0]).toMatchObject({
      bundle_id: uploaded.body.bundle_id,
      result: 'ok',
      signer_kid: world.project.kid,
    });
    const checked = await postJson(`${stack.verifierUrl}/verify`, token, {
      bundle_id: uploaded.body.bundle_id,
      options: { check_registry: true },
    });
    expect(checked.body.report.checks.find((check: Check) => check.id === 'registry.match').status).toBe('ok');
  });

  it('gives the byte-equal report through the API and through cap verify, warm and cold', async () => {
    const offline = await capOk(['verify', world.project.bundle, ...offlineArguments()]);
    for (let i = 0; i < 2; i++) {
      const online = await postZip(`${world.stack.verifierUrl}/verify`, world.token, await world.bundleBytes());
      expect(online.body.result).toBe('ok');
      expect(online.text).toContain(offline.stdout.trimEnd());
    }
    const report = JSON.parse(offline.stdout);
    expect(report.schema).toBe('cap-report.v2');
    expect(JSON.stringify(report)).not.toContain('127.0.0.1');
  });

  it('judges a claim as a claim: warn in development, fail where mock is not allowed', async () => {
    const mock = await proveAgain(world.project, 'mock', '--backend', 'mock');
    const online = await postZip(`${world.stack.verifierUrl}/verify`, world.token, await readFile(mock));
    expect(online.body.result).toBe('warn');
    expect(new Set(online.body.report.rules.map((rule: Check) => rule.status))).toEqual(new Set(['claimed']));
    const offline = await cap(['verify', mock, ...offlineArguments()]);
    expect(offline.code).toBe(1);
    expect(online.text).toContain(offline.stdout.trimEnd());
    const strict = await cap(['verify', mock, ...offlineArguments(), '--no-allow-mock']);
    expect(strict.code).toBe(2);
    expect(failing(JSON.parse(strict.stdout))).toEqual(['proof.claimed-only']);
  });

  it('holds nonce, audience and expiry to what the caller asked', async () => {
    const days = (count: number) => new Date(Date.now() + count * 86_400_000).toISOString();
    const bundle = await proveAgain(
      world.project,
      'nonce',
      '--backend',
      'disclosure',
      '--audience',
      'auditor',
      '--nonce',
      'n-1',
      '--expires-at',
      days(30),
    );
    const bytes = await readFile(bundle);
    const ask = async (query: string) =>
      (await postZip(`${world.stack.verifierUrl}/verify?${query}`, world.token, bytes)).body;
    expect((await ask(`audience=auditor&nonce=n-1&at=${days(29)}`)).result).toBe('ok');
    expect(failing((await ask(`audience=auditor&nonce=n-1&at=${days(31)}`)).report)).toEqual(['statement.time']);
    expect(failing((await ask('audience=other')).report)).toEqual(['statement.audience']);
    expect(failing((await ask('nonce=n-2')).report)).toEqual(['statement.nonce']);
    const plain = await postZip(`${world.stack.verifierUrl}/verify?nonce=n-1`, world.token, await world.bundleBytes());
    expect(failing(plain.body.report)).toEqual(['statement.nonce']);
  });

  it('never accepts a bundle with any byte of its files changed', async () => {
    const bytes = await world.bundleBytes();
    const { files } = await readBundle(bytes);
    // A few bytes of the container say nothing of a file: its mode, the bits after the end of packed data.
    const sameFiles = async (zip: Buffer) =>
      [...(await readBundle(zip)).files].every(([name, content]) => files.get(name)?.equals(content));
    const seen = new Set<string>();
    for (let i = 0; i < bytes.length; i += Math.ceil(bytes.length / 60)) {
      const changed = Buffer.from(bytes);
      changed[i]! ^= 0x10;
      const answer = await postZip(`${world.stack.verifierUrl}/verify`, world.token, changed);
      if (answer.status === 200) expect(answer.body.result).toBe((await sameFiles(changed)) ? 'ok' : 'fail');
      else expect([400, 413]).toContain(answer.status);
      seen.add(answer.status === 200 ? answer.body.result : answer.body.code);
    }
    expect(seen).toContain('bundle.unreadable');
  });

  it('warns when the verifier has neither policy nor trust', async () => {
    const alone = await cap(['verify', world.project.bundle, '--offline', '--json']);
    const report = JSON.parse(alone.stdout) as { result: string; checks: Check[]; rules: Check[] };
    expect(alone.code === 1 || alone.code === 2).toBe(true);
    expect(report.checks.find((check) => check.id === 'policy.pinned')!.status).toBe('warn');
    expect(report.checks.find((check) => check.id === 'signer.trusted')!.status).toBe('warn');
    expect(report.rules.every((rule) => ['claimed', 'unproven', 'violated'].includes(rule.status))).toBe(true);
  });

  it('says whose verdict would change under another trust store, policy or rule about claims', async () => {
    const { stack, project } = world;
    const beside = (...more: string[]) =>
      cap(['registry', 'reverify', '--data-dir', stack.at('data'), '--json', ...more]);
    const same = await beside('--trust', project.trust);
    expect([same.code, JSON.parse(same.stdout)]).toEqual([0, { judged: 1, changes: [] }]);
    const stranger = await beside();
    expect(stranger.code).toBe(2);
    expect(JSON.parse(stranger.stdout).changes).toEqual([
      expect.objectContaining({ registered: 'ok', now: 'warn', because: ['signer.trusted'] }),
    ]);
    const stricter = project.at('stricter.json');
    const policy = JSON.parse(await readFile(POLICY, 'utf8'));
    await writeFile(
      stricter,
      JSON.stringify({ ...policy, constraints: { ...policy.constraints, supplier_count_max: 3 } }),
    );
    const remote = await cap(
      ['registry', 'reverify', '--url', stack.registryUrl, '--policy', stricter, '--trust', project.trust, '--json'],
      { env: { CAP_TOKEN: stack.tokens.operator } },
    );
    expect(remote.code).toBe(2);
    expect(JSON.parse(remote.stdout).changes[0]).toMatchObject({
      now: 'fail',
      because: expect.arrayContaining(['policy.hash', 'proof.binding']),
    });
  });

  it('backs up, verifies, restores, and the restored registry holds the same entry', async () => {
    const { stack } = world;
    await world.up(stack.start.backup());
    const made = await capOk(['backup', 'create', '--url', stack.backupUrl, '--json'], {
      env: { CAP_TOKEN: stack.tokens.operator },
    });
    const backup = JSON.parse(made.stdout) as { name: string; log_size: number };
    const archive = stack.at('backups', backup.name);
    const signer = stack.at('backup-keys', `${stack.backupKid}.pub`);
    await capOk(['backup', 'verify', archive, '--signer', signer]);
    const target = world.project.at('restored');
    await capOk(['backup', 'restore', archive, '--to', target, '--signer', signer]);
    await capOk(['registry', 'fsck', '--data-dir', target]);
    const restored = JSON.parse((await capOk(['registry', 'list', '--data-dir', target, '--json'])).stdout);
    const live = await call(`${stack.verifierUrl}/registry/entries`, { token: world.token });
    expect(restored.items).toEqual(live.body.items);
    // A live directory is not overwritten.
    const onto = await cap(['backup', 'restore', archive, '--to', stack.at('data'), '--signer', signer]);
    expect(onto.code).toBe(75);
    const metrics = await call(`${stack.backupUrl}/metrics`);
    expect(metrics.text).toMatch(/^cap_backup_incomplete 1$/m);
    expect(metrics.text).toMatch(/^cap_backup_last_success_timestamp_seconds [1-9]/m);
  });

  it('leaves exactly the metrics of the contract on all three services', async () => {
    const { verifierUrl, registryUrl, backupUrl } = world.stack;
    const services = { 'cap-verifier': verifierUrl, 'cap-registry': registryUrl, 'cap-backup': backupUrl } as const;
    for (const [job, url] of Object.entries(services) as [keyof typeof services, string][])
      expect([job, contractFaults(job, (await call(`${url}/metrics`)).text)]).toEqual([job, []]);
  });
});
