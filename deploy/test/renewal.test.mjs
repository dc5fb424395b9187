/**
 * The renewals of docs/install/docker.md and kubernetes.md with real, built services: a registry and verifiers over TLS, old and
 * new ones at once, under constant requests. docker and kubectl are stand-ins that do to these processes what the real ones do
 * to containers and pods.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { capOk, freePort, Service } from '../../scripts/local-stack.mjs';
import { root } from '../../scripts/setup.mjs';
import { quietly } from './host.mjs';
import { CAP } from './kubernetes/render.mjs';
import { commandsOf } from './pages.mjs';

/** Concurrent requests, so that new connections to the registry are made, too. */
const AT_ONCE = 4;
/** How long old and new processes serve side by side. */
const OVERLAP_MS = 1_000;

let home;
let token;
let registry;
/** The verifiers that get requests. */
let serving = [];
const all = [];

const at = (...names) => path.join(home, ...names);
const local = (...names) => at('cap/deploy', ...names);
const write = (file, value) => {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify(value)); // JSON is YAML
};

before(async () => {
  home = mkdtempSync(path.join(tmpdir(), 'cap-renewal-'));
  await capOk(['dev', 'issuer', '--out', at('issuer')]);
  const scope = ['--scope', 'verify:read'];
  token = (await capOk(['dev', 'token', '--issuer', at('issuer'), ...scope])).stdout.trim();
  mkdirSync(local('scripts'), { recursive: true });
  cpSync(path.join(root, 'deploy/scripts/make-secrets.sh'), local('scripts/make-secrets.sh'));
});
beforeEach(end);
after(async () => {
  await end();
  rmSync(home, { recursive: true });
});
async function end() {
  for (const { service } of all.splice(0)) await service.stop();
  serving = [];
}

/** Copies of the secrets, as in a pod, or their directory itself, as in a container. */
async function start(kind, secrets, more) {
  const [api, management] = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
  const directory = at(`${kind}-${all.length}`);
  write(path.join(directory, 'app.yaml'), {
    environment: 'production',
    server: { bind: api, management_bind: management, log_level: 'warn' },
    tls: { mode: 'tls', cert: path.join(secrets, 'certs/tls.crt'), key: path.join(secrets, 'certs/tls.key') },
    ...more.config,
  });
  const program = kind === 'registry' ? 'cap-registry' : 'cap-verifier-api';
  const args = ['--config', path.join(directory, 'app.yaml')];
  const service = new Service(program, args, `http://${management}`, { env: more.env });
  const started = { service, secrets, url: `https://${api}` };
  all.push(started);
  await service.ready();
  return started;
}
async function startRegistry(secrets) {
  const data = mkdtempSync(at('data-'));
  registry = await start('registry', secrets, {
    config: { registry: { database: path.join(data, 'registry.db'), blobs: path.join(data, 'blobs') } },
    env: { CAP_REGISTRY__TOKENS__VERIFIER_FILE: path.join(secrets, 'tokens/verifier.sha256') },
  });
  writeFileSync(at('cap-registry.pid'), String(registry.service.pid));
}
async function startVerifier(secrets) {
  const verifier = await start('verifier', secrets, {
    config: {
      registry: { url: registry.url },
      oauth: { issuer: 'cap-dev-issuer', audience: 'cap-verifier', public_key_path: at('issuer/public.pem') },
    },
    env: {
      CAP_REGISTRY__TOKEN_FILE: path.join(secrets, 'tokens/verifier.token'),
      NODE_EXTRA_CA_CERTS: path.join(secrets, 'certs/ca.crt'),
    },
  });
  serving.push(verifier);
  writeFileSync(at('cap-verifier.pid'), String(verifier.service.pid));
}

/** One more gets requests; old and new run side by side during `meanwhile`; then the old one stops. */
async function exchange(secrets, meanwhile = () => undefined) {
  const [old] = serving;
  await startVerifier(secrets);
  await pause(OVERLAP_MS);
  await meanwhile();
  await pause(OVERLAP_MS);
  serving = serving.filter((it) => it !== old);
  await pause(OVERLAP_MS); // its requests are answered
  await old.service.stop();
}

/** Asks a verifier, on a new connection, for something only the registry knows. */
const ask = (verifier, ca) =>
  new Promise((resolve) => {
    const headers = { authorization: `Bearer ${token}` };
    https
      .get(`${verifier.url}/registry/entries`, { agent: false, ca, headers }, (answer) => {
        answer.resume().on('end', () => resolve(answer.statusCode));
      })
      .on('error', (error) => resolve(error.code));
  });
/** Sends requests to all serving verifiers during `work`; returns the count of each answer. `place` has the caller's authority file. */
async function underLoad(place, work) {
  const counts = {};
  let over = false;
  const one = async () => {
    while (!over)
      for (const verifier of serving) {
        const status = await ask(verifier, readFileSync(path.join(place, 'certs/ca.crt')));
        counts[status] = (counts[status] ?? 0) + 1;
      }
  };
  const callers = Array.from({ length: AT_ONCE }, one);
  try {
    await work();
  } finally {
    over = true;
    await Promise.all(callers);
  }
  return counts;
}

/** Runs a page's commands; calls `roll` when they ask for it and wait. */
async function run(commands, roll = () => undefined) {
  const script = `set -euo pipefail
    docker() {
      case "$*" in
        'compose exec -T cap-backup '* | 'compose up --detach --no-deps --force-recreate cap-backup') ;;
        'compose exec -T cap-'*" sh -c kill -HUP 1") kill -HUP "$(cat ~/"$4".pid)" ;;
        *) echo "docker $*" >&2; return 1 ;;
      esac
    }
    kubectl() {
      case "$*" in
        'apply -k own') echo roll; read -r _ ;;
        '--namespace cap-system rollout status '*) ;;
        *) echo "kubectl $*" >&2; return 1 ;;
      esac
    }
    ${commands}`;
  const child = spawn('bash', ['-c', script], {
    env: { ...process.env, HOME: home },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = new Promise((resolve) => child.on('close', resolve));
  child.stdout.setEncoding('utf8').on('data', (text) => {
    if (/^roll$/m.test(text)) void Promise.resolve(roll()).then(() => child.stdin.write('\n'));
  });
  assert.equal(await ended, 0);
}
function makeSecrets(place) {
  mkdirSync(place, { recursive: true });
  const env = { ...process.env, CAP: `${process.execPath} ${CAP}` };
  quietly(local('scripts/make-secrets.sh'), [place], { env });
}
/** Every certificate that was in use, verified with the authority that callers have at this moment. */
const verified = (place, ...certificates) =>
  quietly('openssl', ['verify', '-CAfile', path.join(place, 'certs/ca.crt'), ...certificates]);
function noneFailed(counts) {
  assert.deepEqual(Object.keys(counts), ['200'], JSON.stringify(counts));
  assert.ok(counts[200] > 50, `only ${counts[200]} requests`);
}

test('Compose: certificate and token are renewed without a failed request', async (t) => {
  const place = local('compose');
  const page = commandsOf('docker');
  makeSecrets(place);
  await startRegistry(place);
  await startVerifier(place);
  const old = at('old.crt');
  cpSync(path.join(place, 'certs/tls.crt'), old);
  const counts = await underLoad(place, async () => {
    await run(page.get('renew-1'));
    verified(place, old, path.join(place, 'certs/next/tls.crt'));
    await exchange(place);
    await run(page.get('renew-2'));
    await pause(OVERLAP_MS);
    verified(place, old, path.join(place, 'certs/tls.crt'));
    await run(page.get('renew-3'));
    assert.throws(() => verified(place, old));
    await exchange(place);
  });
  t.diagnostic(JSON.stringify(counts));
  noneFailed(counts);

  const before = readFileSync(path.join(place, 'tokens/verifier.token'), 'utf8');
  const renewed = await underLoad(place, () => run(page.get('token')));
  t.diagnostic(JSON.stringify(renewed));
  noneFailed(renewed);
  assert.notEqual(readFileSync(path.join(place, 'tokens/verifier.token'), 'utf8'), before);
});

test('Kubernetes: certificate and token are renewed without a failed request, with old and new pods side by side', async (t) => {
  const place = local('kubernetes/overlays/production/local');
  mkdirSync(local('kubernetes/overlays'), { recursive: true });
  makeSecrets(place);
  const mounted = () => {
    const copy = mkdtempSync(at('pod-'));
    for (const name of ['certs', 'tokens']) cpSync(path.join(place, name), path.join(copy, name), { recursive: true });
    return copy;
  };
  await startRegistry(mounted());
  await startVerifier(mounted());
  const secretsOf = (what) => readFileSync(path.join(registry.secrets, what), 'utf8');
  // The registry is that of production-ha, which is never away: it continues with the new files. That of production restarts.
  const roll = () =>
    exchange(mounted(), () => {
      for (const name of ['certs', 'tokens'])
        cpSync(path.join(place, name), path.join(registry.secrets, name), { recursive: true });
      process.kill(registry.service.pid, 'SIGHUP');
    });
  for (const [what, file] of [
    ['certificate', 'certs/tls.crt'],
    ['verifier', 'tokens/verifier.sha256'],
  ]) {
    const before = secretsOf(file);
    const counts = await underLoad(place, () => run(`${commandsOf('kubernetes').get('renew')}\nrenew ${what}`, roll));
    t.diagnostic(`${what}: ${JSON.stringify(counts)}`);
    noneFailed(counts);
    assert.notEqual(secretsOf(file), before);
  }
});

test('the same load does notice a token that is changed in a single step', async () => {
  const place = local('compose');
  await startRegistry(place);
  await startVerifier(place);
  const counts = await underLoad(place, async () => {
    writeFileSync(path.join(place, 'tokens/verifier.sha256'), `sha256:${'0'.repeat(64)}\n`);
    process.kill(registry.service.pid, 'SIGHUP');
    await pause(OVERLAP_MS);
  });
  assert.notDeepEqual(Object.keys(counts), ['200']);
});
