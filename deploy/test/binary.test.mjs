/** docs/install/binary.md on a server that has no Node.js. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { root } from '../../scripts/setup.mjs';
import { walkthrough } from './walkthrough.mjs';
import { commandsOf } from './pages.mjs';
import { Server } from './server.mjs';

const PROGRAMS = ['cap', 'cap-verifier-api', 'cap-registry', 'cap-backup-worker'];
const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
const page = commandsOf('binary');
const ALL_OF_ETC = 'find /etc/cap-verifier -type f -exec sha256sum {} + | sort -k 2';

let server;
before(async () => void (server = await Server.boot()));
after(() => server?.end());

const step = (name) => server.run(page.get(name));
const statusOf = (program) => server.ask(`cat /proc/$(pidof ${program})/status`);
const memoryOf = (status) =>
  ['VmRSS', 'RssAnon', 'RssFile']
    .map((name) => `${name} ${new RegExp(`${name}:\\s+(\\d+)`).exec(status)[1]} kB`)
    .join(', ');
const published = (port) => server.ask(`curl -sS http://127.0.0.1:${port}/readyz`);

test('the server has no Node.js', async () => {
  const search =
    'command -v node || find / -xdev -name "node*" -type f -perm -u+x -not -path "/proc/*" | grep -v ^/root/cap';
  assert.equal((await server.run(search, { mayFail: true })).stdout, '');
});

test('install.sh without --all creates user, directories and templates, but no secret', async () => {
  const { stdout } = await server.run('cd ~/cap && ./install.sh');
  for (const file of ['secrets/verifier.token', 'certs/server.crt', 'certs/server.key', 'auth.yaml'])
    assert.match(stdout, new RegExp(`TO DO: .*/etc/cap-verifier/${file}`), 'what is left to its owner');
  assert.match(stdout, /TO DO: a key that signs backups/);
  assert.equal(
    await server.ask('id -un cap-verifier; getent passwd cap-verifier | cut -d: -f7'),
    'cap-verifier\n/usr/sbin/nologin',
  );
  assert.equal(
    await server.ask(
      'ls -A /etc/cap-verifier/secrets /etc/cap-verifier/backup-keys /etc/cap-verifier/certs | grep -v :; true',
    ),
    '',
  );
  const checked = 'cap config check --service registry --config /etc/cap-verifier/registry/app.yaml';
  assert.equal((await server.run(checked)).code, 0);
});

test('install.sh --all fills in templates that nobody has edited, and says that backups have no recipient', async () => {
  const { stdout } = await step('install');
  assert.match(stdout, /no backup recipient/);
  for (const program of PROGRAMS) assert.equal(await server.ask(`${program} --version`), `${program} ${version}`);
  for (const [service, file] of [
    ['verifier', 'app.yaml'],
    ['registry', 'registry/app.yaml'],
    ['backup', 'backup/app.yaml'],
  ])
    await server.run(`cap config check --service ${service} --config /etc/cap-verifier/${file}`);
  const subject = 'openssl x509 -in /etc/cap-verifier/certs/server.crt -noout -ext subjectAltName';
  assert.match(await server.ask(subject), /DNS:localhost, IP Address:127\.0\.0\.1/);
});

test('only the services can read secrets; configuration belongs to root; other users see nothing', async () => {
  const mode = (path) => server.ask(`stat --format='%U:%G %a' ${path}`);
  for (const secret of ['secrets/*.token', 'certs/server.key', 'backup-keys/*.key', 'dev-issuer/private.pem'])
    for (const line of (await mode(`/etc/cap-verifier/${secret}`)).split('\n'))
      assert.equal(line, 'cap-verifier:cap-verifier 600');
  for (const file of ['app.yaml', 'auth.yaml', 'tls.yaml', 'trust.json', 'registry/app.yaml', 'backup/app.yaml'])
    assert.equal(await mode(`/etc/cap-verifier/${file}`), 'root:cap-verifier 640');
  assert.equal(await mode('/etc/cap-verifier'), 'root:cap-verifier 750');
  assert.equal(await mode('/var/lib/cap-verifier'), 'cap-verifier:cap-verifier 750');
  assert.equal(await mode('/backups/cap-verifier'), 'cap-verifier:cap-verifier 750');
});

test('installing again changes nothing, and overwrites nothing that someone has edited', async () => {
  await server.run(`echo '# ours' >> /etc/cap-verifier/app.yaml; echo '# ours' >> /etc/cap-verifier/registry/app.yaml`);
  const before = await server.ask(ALL_OF_ETC);
  await server.run('cd ~/cap && ./install.sh && ./install.sh --all');
  assert.equal(await server.ask(ALL_OF_ETC), before);
  assert.equal((await server.run('~/cap/install.sh --everything', { mayFail: true })).code, 1);
});

test('a damaged release is not installed', async () => {
  const programs = await server.ask('sha256sum /usr/local/bin/cap*');
  await server.run('cp -r ~/cap ~/damaged; truncate --size=1M ~/damaged/cap-registry');
  const { code, stderr } = await server.run('~/damaged/install.sh', { mayFail: true });
  assert.deepEqual([code, /not what was released/.test(stderr)], [1, true], stderr);
  await server.run('rm -r ~/damaged');
  assert.equal(await server.ask('sha256sum /usr/local/bin/cap*'), programs);
});

test('an interrupted installation is completed; what is half set up is named and kept', async () => {
  const etc = '/etc/cap-verifier';
  const install = (options) => server.run('~/cap/install.sh --all', options);
  const incomplete = async (words) => {
    const { code, stderr } = await install({ mayFail: true });
    assert.deepEqual([code, words.test(stderr)], [1, true], stderr);
  };
  const nothingEmpty = async () => {
    assert.equal(await server.ask(`find ${etc} -type f -empty; ls -d ${etc}/.making-* 2> /dev/null || true`), '');
  };
  await server.run(`mount -t tmpfs -o size=32k tmpfs ${etc}; head -c 8k /dev/zero > ${etc}/full`);
  try {
    assert.notEqual((await install({ mayFail: true })).code, 0, 'the disk is full');
    await nothingEmpty();
    await server.run(`mount -o remount,size=2m ${etc}; rm ${etc}/full`);
    await install();
    await nothingEmpty();

    await server.run(`cd ${etc}; for file in secrets/operator.token backup/app.yaml trust.json; do : > $file; done
      chown root: secrets/* backup-keys/* certs/server.key; mkdir .making-killed`);
    await install();
    await nothingEmpty();
    const foreign = `find ${etc}/secrets ${etc}/backup-keys ${etc}/certs/server.key -type f ! -user cap-verifier`;
    assert.equal(await server.ask(foreign), '');

    const key = await server.ask(`rm ${etc}/certs/server.crt; sha256sum ${etc}/certs/server.key`);
    await incomplete(/server\.key is there without .*server\.crt/);
    assert.equal(await server.ask(`sha256sum ${etc}/certs/server.key`), key);
    await server.run(`rm ${etc}/certs/server.key`);

    const again = `cd ${etc}; rm -f public.pem; cp ~/cap/config/verifier/auth.yaml .`;
    await server.run(again);
    await install();
    assert.equal(await server.ask(`cmp ${etc}/public.pem ${etc}/dev-issuer/public.pem`), '');
    await server.run(`${again}; : > dev-issuer/private.pem`);
    await incomplete(/dev-issuer: remove it/);
  } finally {
    await server.run(`umount ${etc}`);
  }
});

test('root does not follow a link that replaces one of the services’ directories', async () => {
  const asUser = 'setpriv --reuid=cap-verifier --regid=cap-verifier --init-groups';
  await server.run(`mkdir ~/theirs; ${asUser} ln -s /root/theirs /var/lib/cap-verifier/keys`);
  await server.run('~/cap/install.sh');
  assert.equal(await server.ask('stat --format=%U:%a ~/theirs'), 'root:755');
  await server.run('rm /var/lib/cap-verifier/keys');
  for (const place of ['secrets', 'backup-keys'])
    assert.notEqual((await server.run(`${asUser} touch /etc/cap-verifier/${place}/x`, { mayFail: true })).code, 0);
});

test('the services start and become ready', async (t) => {
  await step('start');
  for (const port of [8080, 8081, 8082]) assert.match(await published(port), /"status":"ok"/);
  for (const program of PROGRAMS.slice(1)) {
    const status = await statusOf(program);
    assert.match(status, /^Uid:\s+(\d+)\s+\1\s+\1/m);
    assert.doesNotMatch(status, /^Uid:\s+0\s/m);
    t.diagnostic(`${program}: ${memoryOf(status)} when idle`);
  }
});

test('the registry executable also contains what PostgreSQL needs', async () => {
  const elsewhere = {
    DATABASE: 'postgres://cap@127.0.0.1:1/cap',
    BLOBS__BUCKET: 'cap-bucket',
    BLOBS__REGION: 'eu',
    BLOBS__ENDPOINT: 'http://127.0.0.1:1',
    LOG__KEY: '/var/lib/cap-verifier/keys/log.key',
  };
  const settings = Object.entries(elsewhere).map(([name, value]) => `CAP_REGISTRY__${name}=${value}`);
  const { code, stderr } = await server.run(`${settings.join(' ')} cap-registry --bind 127.0.0.1:18081`, {
    mayFail: true,
  });
  assert.deepEqual([code, /ECONNREFUSED/.test(stderr)], [69, true], stderr);
});

test('cap doctor finds no fault in any of them', async () => {
  const as = 'setpriv --reuid=cap-verifier --regid=cap-verifier --init-groups';
  const doctor = (service, file) =>
    server.run(
      `export CAP_REGISTRY__TOKEN_FILE=/etc/cap-verifier/secrets/${service === 'backup' ? 'backup' : 'verifier'}.token
       ${as} cap doctor --service ${service} --config /etc/cap-verifier/${file}`,
    );
  await doctor('verifier', 'app.yaml');
  await doctor('registry', 'registry/app.yaml');
  await doctor('backup', 'backup/app.yaml');
});

test('the walkthrough: prove, upload, verify, register, backup, restore', async (t) => {
  await walkthrough(server, ['binary']);
  for (const program of PROGRAMS.slice(1)) t.diagnostic(`${program}: ${memoryOf(await statusOf(program))} afterwards`);
});

test('the registry loads SQLite once: a second copy would not see the locks of the first', async () => {
  const maps = await server.ask('cat /proc/$(pidof cap-registry)/maps');
  const addons = maps.split('\n').filter((line) => line.includes('addon.node'));
  // Device and inode.
  assert.equal(new Set(addons.map((line) => line.split(/\s+/).slice(3, 5).join(' '))).size, 1, addons.join('\n'));
});

test('a new certificate is used without a restart', async () => {
  const served = `openssl s_client -connect localhost:8443 < /dev/null 2> /dev/null | openssl x509 -noout -fingerprint`;
  const pid = await server.ask('pidof cap-verifier-api');
  const old = await server.ask(served);
  await step('certificate');
  await server.until(`[ "$(${served})" != '${old}' ]`);
  assert.equal(await server.ask('pidof cap-verifier-api'), pid);
  await server.run('curl -sS --fail --cacert /etc/cap-verifier/certs/server.crt https://localhost:8443/healthz');
});

test('they stop in time, and start again after an upgrade with what was registered', async () => {
  const entries = await server.ask('cap registry list --data-dir /var/lib/cap-verifier --json');
  await step('stop');
  for (const program of PROGRAMS.slice(1)) assert.equal(await server.ask(`pidof ${program} || true`), '');
  for (const name of ['registry', 'verifier', 'backup'])
    assert.match(await server.ask(`tail -n 1 ~/logs/${name}.log`), /"msg":"stopped"/);
  assert.equal(await server.ask('ls -d /tmp/cap-* 2> /dev/null || true'), '', 'no temporary file is left');
  await server.run('cp -r ~/cap ~/cap-new');
  const before = await server.ask(ALL_OF_ETC);
  await step('upgrade');
  assert.equal(await server.ask(ALL_OF_ETC), before);
  await step('start');
  assert.equal(await server.ask('cap registry list --data-dir /var/lib/cap-verifier --json'), entries);
  await step('stop');
});
