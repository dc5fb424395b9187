/**
 * `npm run demo`: the walkthrough from lists to a registered, backed-up proof, on three real services on loopback with
 * throw-away keys. Prints what happened, with figures, and exits 0; anything unexpected makes it exit 1.
 */
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { capOk, prepareStack, stopAll } from './local-stack.mjs';
import { root } from './setup.mjs';

const work = path.join(root, '.demo');
const example = (...parts) => path.join(root, 'examples', ...parts);
const at = (...parts) => path.join(work, ...parts);

const say = (text = '') => process.stdout.write(`${text}\n`);
const chapter = (title) => say(`\n== ${title}`);
const line = (text) => say(`   ${text}`);
const ms = (value) => `${value.toFixed(0)} ms`;
const short = (digest) => `${digest.slice(0, 14)}…`;

/** Every printed fact is checked first: the demo stops at the first that is not true. */
function expect(condition, sentence, seen) {
  if (!condition)
    throw new Error(`expected ${sentence}${seen === undefined ? '' : `, saw ${JSON.stringify(seen).slice(0, 2_000)}`}`);
}
const timed = async (action) => {
  const started = performance.now();
  const value = await action();
  return [value, performance.now() - started];
};
const json = (result) => JSON.parse(result.stdout);
const failing = (report) => report.checks.filter((check) => check.status === 'fail');

async function request(url, { token, ...init } = {}) {
  const answer = await fetch(url, { ...init, headers: { ...init.headers, authorization: `Bearer ${token}` } });
  const body = await answer.json();
  return { status: answer.status, body };
}

async function main() {
  const started = performance.now();
  await rm(work, { recursive: true, force: true });
  await mkdir(work, { recursive: true, mode: 0o700 });

  chapter('1. At the company: lists become commitments (offline)');
  const project = at('project');
  const [prepared, prepareTime] = await timed(async () =>
    json(
      await capOk([
        'prepare',
        '--suppliers',
        example('suppliers.csv'),
        '--ubos',
        example('ubos.csv'),
        '--out',
        project,
        '--json',
      ]),
    ),
  );
  const merkle = prepared.commitments.filter(({ scheme }) => scheme === 'merkle-blake3.v3');
  const commitments = Object.fromEntries(merkle.map((commitment) => [commitment.list, commitment]));
  expect(commitments.suppliers?.count === 48 && commitments.ubos?.count === 5, '48 suppliers and 5 owners', prepared);
  line(`committed to 48 suppliers and 5 beneficial owners in ${ms(prepareTime)}`);

  const policy = example('policies', 'lksg.v1.json');
  const compiled = json(await capOk(['policy', 'compile', policy, '--json']));
  line(`policy compiled: ${compiled.policy_hash}`);
  await capOk(['policy', 'test', policy]);
  line('the policy’s test cases pass');

  await capOk([
    'manifest',
    'build',
    '--project',
    project,
    '--policy',
    policy,
    '--sanctions',
    `${example('sanctions.csv')}@2026-01-15`,
    '--jurisdictions',
    `${example('jurisdictions.csv')}@2026-01-15`,
    '--company',
    'Musterwerk AG',
  ]);
  line('manifest built: one commitment per list, which hides even the number of rows');
  const key = json(
    await capOk(['keys', 'generate', '--keys', at('project', 'keys'), '--owner', 'Musterwerk AG', '--json']),
  );
  const [, proveTime] = await timed(() => capOk(['prove', '--project', project]));
  line(
    `proved every rule in zero knowledge in ${ms(proveTime)}; the proof names the key that will sign it, ${key.kid}`,
  );
  const bundle = at('bundle.zip');
  await capOk(['bundle', 'create', '--project', project, '--key', key.kid, '--out', bundle]);
  const bytes = await readFile(bundle);
  line(`signed bundle of ${bytes.length} bytes, key ${key.kid}`);
  const shown = json(await capOk(['inspect', bundle, '--json']));
  expect(
    shown.backend === 'kzg-columns' && shown.lists.every((list) => list.count === null && list.opened_rows === 0),
    'nothing of any row in the bundle, and no number of rows',
    shown,
  );
  line('cap inspect: the bundle reveals no row, nor how many there are');

  chapter('2. At the auditor: three services start');
  const trust = at('trust.json');
  await capOk(['trust', 'init', '--out', trust]);
  await capOk([
    'trust',
    'add',
    trust,
    '--signer',
    at('project', 'keys', `${key.kid}.pub`),
    '--company',
    'Musterwerk AG',
    '--reference-list',
    `sanctions=${example('sanctions.csv')}@2026-01-15`,
    '--reference-list',
    `jurisdictions=${example('jurisdictions.csv')}@2026-01-15`,
  ]);
  const stack = await prepareStack(at('stack'), { trust });
  const services = { registry: stack.start.registry() };
  try {
    const registryReady = await services.registry.ready();
    services.verifier = stack.start.verifier();
    services.backup = stack.start.backup();
    const [verifierReady, backupReady] = await Promise.all([services.verifier.ready(), services.backup.ready()]);
    line(`ready: registry ${ms(registryReady)}, verifier API ${ms(verifierReady)}, backup worker ${ms(backupReady)}`);
    const token = await stack.token('verify:read registry:write policy:write');

    const publish = { env: { CAP_TOKEN: token } };
    const stored = await request(`${stack.verifierUrl}/policy/compile`, {
      token,
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: await readFile(policy),
    });
    expect(
      stored.status === 200 && stored.body.policy_hash === compiled.policy_hash,
      'the same policy hash from the API',
      stored,
    );
    for (const [id, file] of [
      ['sanctions', 'sanctions.csv'],
      ['jurisdictions', 'jurisdictions.csv'],
    ])
      await capOk(
        ['lists', 'publish', '--url', stack.verifierUrl, '--id', id, '--as-of', '2026-01-15', example(file)],
        publish,
      );
    line('policy and reference lists published by the auditor, not taken from the bundle');

    chapter('3. Upload, verdict, registry entry');
    const form = new FormData();
    form.append('file', new Blob([bytes], { type: 'application/zip' }), 'bundle.zip');
    const upload = await request(`${stack.verifierUrl}/proof/upload`, { token, method: 'POST', body: form });
    expect(
      upload.status === 200 && upload.body.package_info?.size_bytes === bytes.length,
      'the upload accepted',
      upload,
    );
    line(`uploaded: bundle ${short(upload.body.bundle_id)}, ${upload.body.package_info.file_count} files`);
    const verify = (body) =>
      request(`${stack.verifierUrl}/verify`, {
        token,
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    const [verdict, verifyTime] = await timed(() =>
      verify({ bundle_id: upload.body.bundle_id, options: { register: true } }),
    );
    expect(verdict.status === 200 && verdict.body.result === 'ok', 'the verdict ok', verdict.body);
    expect(Number.isInteger(verdict.body.log_index), 'the log index of the new entry', verdict.body);
    line(`verdict ok in ${ms(verifyTime)}, registered as log event ${verdict.body.log_index}`);
    for (const rule of verdict.body.report.rules) line(`  ${rule.status.padEnd(9)} ${rule.rule_id}`);
    const receipt = at('receipt.json');
    await writeFile(receipt, JSON.stringify(verdict.body.receipt));
    const { body: log } = await request(`${stack.verifierUrl}/registry/checkpoint`, { token });
    const logTrust = at('trust-of-the-log.json');
    await capOk(['trust', 'init', '--out', logTrust]);
    await capOk(['trust', 'add', logTrust, '--log-key', log.verifier_keys[0]]);
    await capOk(['log', 'verify-receipt', receipt, '--trust', logTrust, '--bundle', bundle]);
    line(`receipt verified offline: event ${verdict.body.log_index} is in the signed log ${log.origin}`);

    const [again, againTime] = await timed(() => verify({ bundle_id: upload.body.bundle_id }));
    expect(
      JSON.stringify(again.body.report) === JSON.stringify(verdict.body.report),
      'the same report again',
      again.body,
    );
    const metrics = await (await fetch(`${stack.verifierUrl}/metrics`)).text();
    const hits = Number(/cap_cache_requests_total\{cache="result",outcome="hit"\} (\d+)/.exec(metrics)?.[1] ?? 0);
    expect(hits >= 1, 'a hit of the result cache in /metrics', hits);
    line(`the same request again: ${ms(againTime)}, answered from the cache (${hits} hit)`);

    const offline = await capOk(['verify', bundle, '--offline', '--json', '--trust', trust, '--policy', policy]);
    const online = await fetch(`${stack.verifierUrl}/verify`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/zip' },
      body: bytes,
    });
    expect(
      (await online.text()).includes(offline.stdout.trimEnd()),
      'the same bytes of the report from cap verify',
      offline.stdout,
    );
    line('cap verify, offline on the auditor’s laptop, gives the same report, byte for byte');

    const rows = at('rows.json');
    await capOk(['disclose', '--project', project, '--rows', 'suppliers:0,7', '--out', rows]);
    const checked = ['verify', bundle, '--json', '--trust', trust, '--policy', policy, '--disclosure', rows];
    const { sample } = json(await capOk(checked));
    expect(sample.result === 'ok' && sample.places.length === 2, 'two rows that the proof covers', sample);
    line('the auditor asks for rows 0 and 7: the company opens them, and the proof covers them');

    chapter('4. Tampering is caught');
    const judge = (zip) =>
      request(`${stack.verifierUrl}/verify`, {
        token,
        method: 'POST',
        headers: { 'content-type': 'application/zip' },
        body: zip,
      });
    const flipped = Buffer.from(bytes);
    flipped[flipped.indexOf('manifest.json') + 'manifest.json'.length + 40] ^= 1;
    const refused = await judge(flipped);
    expect(refused.status === 400, 'a refusal of a file with a flipped bit', refused);
    line(`one bit flipped in the file: ${refused.status}, ${refused.body.detail}`);

    const { readBundle } = await import('../libs/proof/dist/bundle.js');
    const { writeZip } = await import('../libs/proof/dist/zip.js');
    const files = new Map((await readBundle(bytes)).files);
    const original = files.get('manifest.json').toString();
    files.set('manifest.json', Buffer.from(original.replaceAll('"2026-01-15"', '"2026-02-15"')));
    expect(files.get('manifest.json').toString() !== original, 'the day of the lists in the manifest', original);
    const repacked = [...files].map(([name, content]) => ({ name, bytes: content }));
    const tampered = await judge(writeZip(repacked, new Date()));
    expect(tampered.body.result === 'fail', 'the verdict fail on a changed manifest', tampered.body);
    line('reference lists dated a month later in the manifest, the zip rebuilt: verdict fail');
    for (const check of failing(tampered.body.report)) line(`  ${check.id.padEnd(21)} ${check.message.en}`);

    const swapped = at('swapped');
    await cp(project, swapped, { recursive: true });
    const manifest = JSON.parse(await readFile(path.join(swapped, 'manifest.json'), 'utf8'));
    await writeFile(
      path.join(swapped, 'manifest.json'),
      JSON.stringify({ ...manifest, company: { name: 'Somebody else' } }),
    );
    const keys = ['--key', key.kid, '--keys', at('project', 'keys')];
    await capOk(['bundle', 'create', '--project', swapped, ...keys, '--out', at('swapped.zip')], { expected: 65 });
    line('an old proof with another manifest: cap bundle create refuses it (exit 65)');

    const mockProject = at('mock');
    await cp(project, mockProject, { recursive: true });
    await capOk(['prove', '--project', mockProject, '--backend', 'mock']);
    await capOk([
      'bundle',
      'create',
      '--project',
      mockProject,
      '--key',
      key.kid,
      '--keys',
      at('project', 'keys'),
      '--out',
      at('mock.zip'),
    ]);
    const mock = await judge(await readFile(at('mock.zip')));
    expect(mock.body.result === 'warn', 'warn for a mock proof', mock.body);
    line('a mock proof (the prover’s own word): verdict warn, every rule only claimed');

    const entries = await request(`${stack.verifierUrl}/registry/entries`, { token });
    expect(
      entries.body.items?.length === 1 && entries.body.items[0].result === 'ok',
      'one entry in the registry',
      entries.body,
    );
    line(`registry: 1 entry, ${short(entries.body.items[0].bundle_id)} ok`);

    chapter('5. Backup and restore drill');
    const [backup, backupTime] = await timed(async () =>
      json(
        await capOk(['backup', 'create', '--url', stack.backupUrl, '--json'], {
          env: { CAP_TOKEN: stack.tokens.operator },
        }),
      ),
    );
    line(
      `backup ${backup.name} made, read back and verified in ${ms(backupTime)}: ${backup.size_bytes} bytes, log size ${backup.log_size}`,
    );
    line('no recipient is configured, so the backup leaves private keys out and says so (incomplete)');
    const signer = stack.at('backup-keys', `${stack.backupKid}.pub`);
    await capOk(['backup', 'verify', stack.at('backups', backup.name), '--signer', signer]);
    await capOk(['backup', 'restore', stack.at('backups', backup.name), '--to', at('restored'), '--signer', signer]);
    await capOk(['registry', 'fsck', '--data-dir', at('restored')]);
    const restored = json(await capOk(['registry', 'list', '--data-dir', at('restored'), '--json']));
    expect(
      JSON.stringify(restored.items) === JSON.stringify(entries.body.items),
      'the restored entry equal to the live one',
      restored,
    );
    line('restored into another directory: hash chain and BLOBs check out, the entry equals the live one');

    await stopAll([services.verifier, services.backup, services.registry]);
    for (const service of Object.values(services)) {
      const exit = await service.exited;
      expect(exit.code === 0, `${service.program} to end with 0`, exit);
    }
    line('all three services stopped with exit 0');
  } finally {
    await stopAll(Object.values(services).reverse());
  }
  say(
    `\nDone in ${((performance.now() - started) / 1000).toFixed(1)} s. The files are in .demo/, the service logs in .demo/stack/logs/.`,
  );
}

main().catch((error) => {
  process.stderr.write(`\ndemo: ${error.message}\n`);
  process.exit(1);
});
