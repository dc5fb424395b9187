/** deploy/scripts/make-secrets.sh: what containers get, for Compose and Kubernetes alike. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { connect, createServer } from 'node:tls';
import { root } from '../../scripts/setup.mjs';
import { quietly } from './host.mjs';
import { commandsOf } from './pages.mjs';

const SCRIPT = path.join(root, 'deploy/scripts/make-secrets.sh');
const CAP = `${process.execPath} ${path.join(root, 'apps/cli/dist/main.js')}`;
const ALL = ['--dev-issuer', '--host', 'verifier.example.com', '--host', '192.0.2.7', '--host', '2001:db8::7'];

let place;
before(() => void (place = mkdtempSync(path.join(tmpdir(), 'cap-secrets-'))));
after(() => rmSync(place, { recursive: true }));

const at = (...names) => path.join(place, ...names);
const textOf = (...names) => readFileSync(at(...names), 'utf8');
const make = (args, environment = { CAP }) =>
  spawnSync(SCRIPT, args, { encoding: 'utf8', env: { PATH: process.env.PATH, ...environment } });
const state = (directory) =>
  Object.fromEntries(
    readdirSync(at(directory), { recursive: true })
      .sort()
      .map((name) => {
        const { uid, gid, mode } = statSync(at(directory, name));
        return [name, `${uid}:${gid} ${(mode & 0o777).toString(8)}`];
      }),
  );

test('shellcheck has no complaint', () => void quietly('shellcheck', [SCRIPT]));

test('everything is created, readable by the containers’ user and nobody else', () => {
  const { status, stdout, stderr } = make([...ALL, at('all')]);
  assert.equal(status, 0, stderr);
  assert.doesNotMatch(stdout, /can't read them/);
  const [directory, secret, open] = ['1000:1000 700', '1000:1000 600', '1000:1000 644'];
  const tokens = ['backup', 'operator', 'verifier'].flatMap((client) => [
    [`tokens/${client}.sha256`, secret],
    [`tokens/${client}.token`, secret],
  ]);
  assert.deepEqual(state('all'), {
    certs: directory,
    'certs/ca.crt': open,
    'certs/tls.crt': open,
    'certs/tls.key': secret,
    config: directory,
    'config/public.pem': open,
    'dev-issuer': directory,
    ...Object.fromEntries(
      ['issuer.json', 'jwks.json', 'private.pem', 'public.pem'].map((n) => [`dev-issuer/${n}`, secret]),
    ),
    keys: directory,
    'keys/backup.json': secret,
    'keys/backup.key': secret,
    'keys/backup.pub': open,
    'keys/log.key': secret,
    tokens: directory,
    ...Object.fromEntries(tokens),
  });
});

test('token, hash, key, record and certificate belong together', () => {
  for (const client of ['verifier', 'backup', 'operator'])
    assert.equal(
      textOf('all/tokens', `${client}.sha256`),
      `sha256:${createHash('sha256')
        .update(textOf('all/tokens', `${client}.token`))
        .digest('hex')}\n`,
    );
  const record = JSON.parse(textOf('all/keys/backup.json'));
  assert.deepEqual([record.status, record.usage], ['active', ['backup']]);
  const publicHalf = (key) => quietly('openssl', ['pkey', '-in', at('all', key), '-pubout']);
  assert.equal(publicHalf('keys/backup.key'), textOf('all/keys/backup.pub'));
  assert.equal(publicHalf('dev-issuer/private.pem'), textOf('all/config/public.pem'));
  assert.match(quietly('openssl', ['pkey', '-in', at('all/keys/log.key'), '-noout', '-text']), /ED25519/);
  const certificate = new X509Certificate(textOf('all/certs/tls.crt'));
  assert.ok(certificate.verify(new X509Certificate(textOf('all/certs/ca.crt')).publicKey));
  assert.equal(publicHalf('certs/tls.key'), certificate.publicKey.export({ type: 'spki', format: 'pem' }));
  const hosts = ['localhost', 'cap-verifier', 'cap-registry', 'cap-backup', 'cap-verifier-svc', 'verifier.example.com'];
  for (const host of [...hosts, 'cap-registry.cap-system.svc', 'cap-verifier-svc.cap-system.svc.cluster.local'])
    assert.ok(certificate.checkHost(host), host);
  for (const address of ['127.0.0.1', '::1', '192.0.2.7', '2001:db8::7'])
    assert.ok(certificate.checkIP(address), address);
  assert.equal(certificate.checkHost('other.example.com'), undefined);
  assert.equal(certificate.ca, false, 'its key, which lies in every container, makes no other certificates');
});

test('another run changes nothing; what was removed is created again', () => {
  const fingerprint = () => quietly('sh', ['-c', `find ${at('all')} -type f -exec sha256sum {} + | sort`]);
  const before = fingerprint();
  assert.equal(make([...ALL, at('all')]).status, 0);
  assert.equal(fingerprint(), before);
  const token = textOf('all/tokens/backup.token');
  rmSync(at('all/tokens/backup.token'));
  rmSync(at('all/tokens/backup.sha256'));
  assert.equal(make([at('all')]).status, 0);
  assert.notEqual(textOf('all/tokens/backup.token'), token);
});

test('an incomplete pair is left as it is, and named', () => {
  rmSync(at('all/certs/tls.crt'));
  const key = textOf('all/certs/tls.key');
  const { status, stderr } = make([at('all')]);
  assert.equal(status, 64);
  assert.match(stderr, /certs\/tls\.key is there without what belongs to it/);
  assert.equal(textOf('all/certs/tls.key'), key);
  assert.deepEqual(
    readdirSync(at('all')).filter((name) => name.startsWith('.')),
    [],
  );
});

test('a host the certificate does not name is reported', () => {
  assert.equal(make([at('plain')]).status, 0);
  const { status, stderr } = make(['--host', 'localhost', '--host', 'late.example.com', at('plain')]);
  assert.equal(status, 64);
  assert.match(stderr, /certs\/tls\.crt does not name late\.example\.com/);
  assert.match(make(['--host', '192.0.2.9', at('plain')]).stderr, /does not name 192\.0\.2\.9/);
  assert.equal(make(['--host', '127.0.0.1', '--host', '::1', at('plain')]).status, 0);
});

test('empty directories that an engine created in place of files are removed, others are not', () => {
  for (const name of ['tokens/verifier.sha256', 'tokens/verifier.token', 'keys/log.key'])
    mkdirSync(at('early', name), { recursive: true, mode: 0o755 });
  const { status, stdout, stderr } = make([at('early')]);
  assert.equal(status, 0, stderr);
  assert.match(stdout, /removed the empty directory keys\/log\.key.*--force-recreate/);
  assert.equal(state('early').tokens, '1000:1000 700');
  assert.equal(state('early')['keys/log.key'], '1000:1000 600');
  mkdirSync(at('full/keys/log.key/somebody'), { recursive: true });
  assert.match(make([at('full')]).stderr, /keys\/log\.key is a directory: move it away/);
});

const verify = (ca, ...certificates) =>
  spawnSync('openssl', ['verify', '-CAfile', ca, ...certificates], { encoding: 'utf8' }).status === 0;
/** Whether Node trusts a server with a directory's certificate, given an authority's file. */
async function trusted(directory, ca) {
  const read = (name) => readFileSync(path.join(directory, name));
  const server = createServer({ cert: read('tls.crt'), key: read('tls.key') }, (socket) => socket.end());
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  const result = await new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, ca: readFileSync(ca) }, () => resolve(true));
    socket.on('error', () => resolve(false)).on('data', () => undefined);
  });
  server.close();
  return result;
}

test('a certificate is renewed in steps: OpenSSL and Node trust old and new in one ca.crt', async () => {
  assert.equal(make(['--host', 'verifier.example.com', at('renewed')]).status, 0);
  const certs = at('renewed/certs');
  cpSync(certs, at('old'), { recursive: true });
  const [ca, old, next] = [path.join(certs, 'ca.crt'), at('old'), path.join(certs, 'next')];
  const step = (name, ...more) => make([`--${name}`, 'certificate', ...more, at('renewed')], {}); // without cap
  assert.match(step('switch').stderr, /--prepare certificate comes first/);

  for (let run = 0; run < 2; run++) assert.equal(step('prepare', '--host', 'late.example.com').status, 0);
  const fresh = readFileSync(path.join(next, 'tls.crt'), 'utf8');
  const [before, after] = [textOf('old/tls.crt'), fresh].map((text) => new X509Certificate(text));
  assert.notEqual(before.subject, after.subject);
  for (const host of ['verifier.example.com', 'late.example.com', 'cap-registry'])
    assert.ok(after.checkHost(host), host);
  assert.ok(verify(ca, path.join(old, 'tls.crt'), path.join(next, 'tls.crt')));
  assert.deepEqual([await trusted(old, ca), await trusted(next, ca)], [true, true]);
  assert.match(step('finish').stderr, /--switch certificate comes first/);

  assert.equal(step('switch').status, 0);
  assert.equal(textOf('renewed/certs/tls.crt'), fresh);
  assert.deepEqual([await trusted(old, ca), await trusted(certs, ca)], [true, true]);
  assert.match(step('prepare').stderr, /end the renewal before with --finish/);
  for (let run = 0; run < 2; run++) assert.equal(step('finish').status, 0);
  assert.deepEqual([await trusted(old, ca), await trusted(certs, ca)], [false, true]);
  assert.deepEqual(state('renewed/certs'), {
    'ca.crt': '1000:1000 644',
    'tls.crt': '1000:1000 644',
    'tls.key': '1000:1000 600',
  });
});

test('the certificates the pages create are trusted side by side, too', () => {
  const cnf = at('bare.cnf'); // two of them differ only in their subject
  writeFileSync(cnf, '[req]\ndistinguished_name=dn\n[dn]\n');
  for (const which of ['first', 'second']) {
    mkdirSync(at('by-hand', which), { recursive: true });
    const env = { ...process.env, OPENSSL_CONF: cnf };
    quietly('sh', ['-euc', commandsOf('certificates').get('self-signed')], { cwd: at('by-hand', which), env });
  }
  const made = ['first', 'second'].map((which) => at('by-hand', which, 'fullchain.pem'));
  writeFileSync(at('by-hand/both.pem'), made.map((file) => readFileSync(file, 'utf8')).join(''));
  assert.ok(verify(at('by-hand/both.pem'), ...made));
});

test('a token is renewed in steps, in the mounted files: two hashes first, then the token', () => {
  const token = () => textOf('renewed/tokens/backup.token');
  const hashes = () => textOf('renewed/tokens/backup.sha256').trim().split(',');
  const hashOf = (text) => `sha256:${createHash('sha256').update(text).digest('hex')}`;
  const files = () => ['token', 'sha256'].map((kind) => statSync(at(`renewed/tokens/backup.${kind}`)).ino);
  const step = (name) => make([`--${name}`, 'backup', at('renewed')], {});
  const [old, inodes] = [token(), files()];
  assert.match(step('switch').stderr, /--prepare backup comes first/);
  for (let run = 0; run < 2; run++) assert.equal(step('prepare').status, 0);
  const next = textOf('renewed/tokens/backup.next');
  assert.deepEqual([token(), hashes()], [old, [hashOf(old), hashOf(next)]]);
  assert.match(step('finish').stderr, /--switch backup comes first/);
  assert.equal(step('switch').status, 0);
  assert.deepEqual([token(), hashes()], [next, [hashOf(old), hashOf(next)]]);
  for (let run = 0; run < 2; run++) assert.equal(step('finish').status, 0);
  assert.deepEqual([token(), hashes(), files()], [next, [hashOf(next)], inodes]);
});

test('without --dev-issuer there is no issuer', () => {
  assert.equal(make([at('plain')]).status, 0);
  assert.deepEqual(readdirSync(at('plain')).sort(), ['certs', 'keys', 'tokens']);
});

test('run by a user other than the containers’, it says what to do', () => {
  const cap = at('cap'); // that user can't look into the checkout
  writeFileSync(
    cap,
    `#!/bin/sh\necho cap 0.0.0\nwhile [ $# -gt 0 ]; do [ "$1" != --keys ] || keys=$2; shift; done
    [ -z "\${keys-}" ] || { mkdir "$keys"; for e in key pub json; do echo > "$keys/0.$e"; done; }\n`,
    { mode: 0o755 },
  );
  quietly('chmod', ['0755', place]);
  quietly('install', ['-d', '-o', '65534', at('theirs')]);
  quietly('install', ['-m', '0755', SCRIPT, at('make-secrets.sh')]);
  const as = ['--reuid=65534', '--regid=65534', '--clear-groups', at('make-secrets.sh'), at('theirs')];
  const { status, stdout, stderr } = spawnSync('setpriv', as, {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, CAP: cap },
  });
  assert.equal(status, 0, stderr);
  assert.match(stdout, /belong to user 65534.*\n.*sudo chown -R 1000:1000/);
});

for (const [what, args, environment] of [
  ['no directory', []],
  ['two directories', ['a', 'b']],
  ['an unknown option', ['--all', 'a']],
  ['a host that is none', ['--host', 'a,DNS:b', 'a']],
  ['no host', ['--host']],
  ['a renewal of nothing that there is', ['--prepare', 'everything', 'a']],
  ['two steps at once', ['--prepare', 'backup', '--switch', 'backup', 'a']],
  ['a renewal where nothing is', ['--prepare', 'backup', 'nowhere']],
  ['no cap', ['a'], { CAP: '/nowhere/cap' }],
])
  test(`${what} is refused`, () => {
    const { status, stderr } = spawnSync(SCRIPT, args, {
      cwd: place,
      encoding: 'utf8',
      env: { PATH: process.env.PATH, CAP, ...environment },
    });
    assert.equal(status, 64, stderr);
    assert.ok(stderr.includes('make-secrets: '), stderr);
    assert.ok(!readdirSync(place).includes('a'));
  });
