/** The pods of deploy/kubernetes, run from what `kubectl kustomize` renders: the walkthrough, an exchange under load, a restore. */
import assert from 'node:assert/strict';
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { root } from '../../scripts/setup.mjs';
import { Engine } from './engine.mjs';
import { Cluster } from './kubernetes/cluster.mjs';
import { Controller } from './kubernetes/ingress.mjs';
import { Node, Pod } from './kubernetes/pod.mjs';
import { CAP, Manifests, version } from './kubernetes/render.mjs';
import { prepareHost, quietly } from './host.mjs';
import { walkthrough } from './walkthrough.mjs';
import { commandsOf } from './pages.mjs';

const HOST = 'verifier.example.com';
const DATABASE = 'db.example.com';
const BUCKET = 's3.example.com';
const PASSWORD = 'canary-p4ss';
const NOBODY = 65_534;
/** How long a controller may go on sending requests to a pod that is being deleted. */
const LAG_MS = 1_500;
const AUTH = `configMapGenerator:
  - name: cap-config
    behavior: merge
    files: [auth.yaml]
`;

let manifests;
let engine;
let node;
let controller;
/** What is running now. */
let verifiers = [];
let registries = [];

const local = (overlay, ...names) => manifests.at('overlays', overlay, 'local', ...names);

before(() => {
  prepareHost();
  manifests = new Manifests();
  manifests.makeSecrets('--host', HOST);
  // PostgreSQL and the bucket have certificates from another authority.
  const make = path.join(root, 'deploy/scripts/make-secrets.sh');
  quietly(make, ['--host', DATABASE, '--host', BUCKET, manifests.at('storage')], {
    env: { ...process.env, CAP: `${process.execPath} ${CAP}` },
  });
  cpSync(manifests.at('storage/certs/ca.crt'), local('production-ha', 'storage/ca.crt'));
  const auth = readFileSync(manifests.at('base/config/verifier/auth.yaml'), 'utf8');
  manifests.write('overlays/own/auth.yaml', auth.replace('https://auth.example.com', 'cap-dev-issuer'));
});
after(async () => {
  await stop();
  manifests?.remove();
});

async function begin() {
  await stop(); // leftovers of the previous test, even if it failed
  engine = await Engine.start();
  node = await Node.start(engine, [DATABASE, BUCKET]);
  controller = new Controller(engine);
  cpSync(path.join(root, 'examples'), path.join(engine.home, 'cap/examples'), { recursive: true });
}
async function stop() {
  await controller?.end();
  await engine?.run('for file in *.pid; do kill "$(cat "$file")" || true; done', { mayFail: true, cwd: engine.home });
  await node?.end();
  await engine?.end();
  [engine, node, controller, verifiers, registries] = [undefined, undefined, undefined, [], []];
}

/** What is applied: an overlay, the test's issuer, and more. */
const render = (overlay, components = ['ingress-nginx'], more = '') =>
  manifests.renderWith(overlay, components, `namespace: cap-system\n${AUTH}${more}`);

/** Like `kubectl rollout`: one more pod, ready for minReadySeconds, before an old one goes. Returns the old ones' exits. */
async function rollout(documents, { replicas = verifiers.length, preStop = true, patient = false } = {}) {
  const old = [...verifiers];
  const { minReadySeconds = 0 } = new Cluster(documents).workload('cap-verifier').document.spec;
  const ended = [];
  for (let index = 0; index < Math.max(replicas, old.length); index++) {
    if (index < replicas) {
      const pod = new Pod(node, documents, 'cap-verifier');
      await pod.start();
      verifiers.push(pod);
      await controller.endpoints(verifiers);
      if (patient) await pause(minReadySeconds * 1000);
    }
    const leaving = old[index];
    if (!leaving) continue;
    verifiers = verifiers.filter((pod) => pod !== leaving);
    const left = [...verifiers];
    // preStop and then SIGTERM come at once; the controller learns of it a little later.
    const [result] = await Promise.all([
      Promise.resolve(leaving.terminate({ preStop })),
      pause(LAG_MS).then(() => controller.endpoints(left)),
    ]);
    ended.push(result);
  }
  return ended;
}

/** A server for walkthrough.mjs; what a person does with kubectl happens between its steps. */
function server(overlay, components, more) {
  const asked = (name) => {
    const file = path.join(engine.home, name);
    const isThere = existsSync(file);
    rmSync(file, { force: true });
    return isThere;
  };
  return {
    ask: async (commands) => {
      const said = await engine.ask(commands, { cwd: engine.home });
      if (asked('please-reload')) await rollout(render(overlay, components, more));
      if (asked('please-backup')) await backup(render(overlay, components, more));
      return said;
    },
  };
}
const backup = (documents) => new Pod(node, documents, 'cap-backup').complete();
const way = (overlay) => `
trust=${local(overlay, 'config/trust.json')} owner=0:0 issuer=${local(overlay, 'dev-issuer')}
url=https://${HOST} ca=${local(overlay, 'certs/ca.crt')}
signer=${local(overlay, 'keys/backup.pub')} backups=${node.claim('cap-backups')}
cap() {
  docker run --rm --user 0 --network host --add-host ${HOST}:127.0.0.1 --volume "$HOME:$HOME" --workdir "$PWD" \
    --volume ${manifests.directory}:${manifests.directory} --volume $backups:$backups \
    --env CAP_TOKEN_FILE --env NODE_EXTRA_CA_CERTS --entrypoint cap registry.example.com/cap-verifier-api:${version} "$@"
}
curl() { command curl --resolve ${HOST}:443:127.0.0.1 "$@"; }
reload() { touch ~/please-reload; }
backup() { touch ~/please-backup; }
`;
const entries = (overlay) =>
  engine.ask(
    `${way(overlay)}curl -sS --fail --cacert "$ca" -H "Authorization: Bearer $(cat ~/try/token)" "$url/registry/entries"`,
  );
const statusOf = (host, where) =>
  engine.ask(
    `curl -sS --insecure --output /dev/null --write-out '%{http_code}' --resolve ${host}:443:127.0.0.1 https://${host}${where}`,
  );

async function underLoad(overlay, work) {
  const stopFile = path.join(engine.home, 'stop');
  rmSync(stopFile, { force: true });
  writeFileSync(path.join(engine.home, 'hosts'), `127.0.0.1 localhost ${HOST}\n`);
  const command = [
    ...[process.execPath, path.join(root, 'deploy/test/load.mjs'), `https://${HOST}`, local(overlay, 'certs/ca.crt')],
    ...[`${engine.home}/try/token`, `${engine.home}/try/bundle.zip`, stopFile],
  ];
  const inside = `mount --bind ${engine.home}/hosts /etc/hosts && exec ${command.join(' ')}`;
  const load = engine.run(`unshare --mount sh -c '${inside}'`, { milliseconds: 150_000 });
  load.catch(() => undefined);
  try {
    await pause(1_000);
    await work();
    await pause(1_000);
  } finally {
    writeFileSync(stopFile, '');
  }
  const { 'GET /healthz': health, ...answers } = JSON.parse((await load).stdout);
  assert.deepEqual(Object.keys(health), ['404'], 'health is not published');
  return answers;
}
const failuresOf = (answers) =>
  Object.entries(answers).flatMap(([what, counts]) =>
    Object.entries(counts)
      .filter(([status]) => !/^2/.test(status))
      .map(([status, count]) => `${count} × ${what}: ${status}`),
  );
const noFaults = () => {
  for (const pod of [...verifiers, ...registries]) assert.deepEqual(pod.faults, [], pod.name);
};

test('production: pods become ready by their probes, and the walkthrough works through the Ingress', async (t) => {
  await begin();
  const documents = render('production');
  const registry = new Pod(node, documents, 'cap-registry', { ordinal: 0 });
  registries = [registry];
  t.diagnostic(`registry ready after ${await registry.start()} ms`);
  const verifier = new Pod(node, documents, 'cap-verifier');
  t.diagnostic(`verifier ready after ${await verifier.start()} ms`);
  verifiers = [verifier];
  for (const pod of [registry, verifier]) t.diagnostic(`idle: ${await pod.memory()}`);
  await controller.start(new Cluster(documents), bucketSite());
  await controller.endpoints(verifiers);
  await walkthrough(server('production'), [], way('production'));
  noFaults();
});

test('only the public API of this host is reachable from outside', async () => {
  for (const where of ['/metrics', '/readyz', '/healthz', '/', '/verify/..%2fmetrics', '/registry/../metrics'])
    assert.equal(await statusOf(HOST, where), '404', where);
  assert.equal(await statusOf(HOST, '/openapi.json'), '200');
  assert.equal(await statusOf('other.example.com', '/openapi.json'), '404');
});

test('a killed registry starts again with the data it had', async () => {
  const registered = await entries('production');
  assert.match(registered, /0x[0-9a-f]{64}/);
  assert.equal(await registries[0].killAndRestart(), 137);
  assert.equal(await entries('production'), registered);
});

test('a rolling update of the verifier under load loses no request', async (t) => {
  const documents = render('production');
  verifiers.push(new Pod(node, documents, 'cap-verifier'));
  await verifiers.at(-1).start();
  await controller.endpoints(verifiers);
  let ended;
  const answers = await underLoad('production', async () => {
    ended = await rollout(documents, { patient: true });
  });
  t.diagnostic(JSON.stringify(answers));
  assert.deepEqual(failuresOf(answers), []);
  for (const what of ['POST /verify', 'POST /proof/upload', 'GET /registry/entries'])
    assert.ok(Object.values(answers[what])[0] > 10, `${what} was asked`);
  assert.equal(ended.length, 2);
  for (const { code, log } of ended) {
    assert.equal(code, 0, log);
    assert.match(log.split('\n').at(-1), /"msg":"stopped"/);
  }
  noFaults();
});

test('the same load does notice a verifier that ends without preStop', async (t) => {
  const answers = await underLoad('production', () =>
    rollout(render('production'), { replicas: 1, preStop: false, patient: false }),
  );
  t.diagnostic(failuresOf(answers).join(', '));
  assert.notDeepEqual(failuresOf(answers), []);
});

test('a verifier with a broken app.yaml never becomes ready', async () => {
  const app = readFileSync(manifests.at('base/config/verifier/app.yaml'), 'utf8');
  manifests.write('overlays/own/app.yaml', app.replace('management_bind', 'managment_bind'));
  const broken = manifests.renderWith(
    'production',
    ['ingress-nginx'],
    `namespace: cap-system\n${AUTH.replace('[auth.yaml]', '[auth.yaml, app.yaml]')}`,
  );
  const pod = new Pod(node, broken, 'cap-verifier');
  await assert.rejects(pod.start(), /ended with 78\n.*managment_bind/s);
  await pod.remove();
});

test('a pod with a field the test does not implement is refused', () => {
  for (const change of [
    (pod) => (pod.hostNetwork = true),
    (pod) => (pod.containers[0].envFrom = []),
    (pod) => (pod.containers[0].securityContext.privileged = true),
    (pod) => (pod.containers[0].livenessProbe = { exec: { command: ['true'] } }),
    (pod) => (pod.volumes[0] = { name: pod.volumes[0].name, hostPath: { path: '/' } }),
  ]) {
    const documents = render('production');
    change(new Cluster(documents).workload('cap-verifier').pod);
    assert.throws(() => new Pod(node, documents, 'cap-verifier'), /not carried out by the test/);
  }
});

/** The kubectl commands of the page while pods run: exec, and cp, which works through tar. */
const KUBECTL = `
kubectl() {
  [ "$1 $2" = '--namespace cap-system' ]; shift 2
  case "$1" in
    exec) [ "$3" = -- ]; pod=$2; shift 3; docker exec "$(cat ~/pod-"$pod")" "$@" ;;
    cp)
      case $2 in
        cap-*) mkdir -p "$3"; docker exec "$(cat ~/pod-"\${2%%:*}")" tar -cf - -C "\${2#*:}" . | tar -xf - -C "$3" ;;
        *)
          to=\${3#*:}
          tar -cf - -C "\${2%/*}" "\${2##*/}" | docker exec --interactive "$(cat ~/pod-"\${3%%:*}")" tar -xmf - -C "\${to%/*}"
          ;;
      esac ;;
    *) false ;;
  esac
}
`;
const PAGE = commandsOf('kubernetes');
/** Runs the page's commands while a pod that only waits is running. */
async function beside(documents, name, commands) {
  const pod = new Pod(node, documents, name);
  await pod.launch();
  writeFileSync(path.join(engine.home, `pod-${name}`), pod.name);
  const said = await engine.ask(`cd ~\n${KUBECTL}${commands}`);
  assert.equal((await pod.terminate()).code, 0, 'it hears SIGTERM');
  return said;
}
const restore = () =>
  beside(render('production', ['ingress-nginx', 'restore']), 'cap-restore', PAGE.get('restore-archive'));

test('the page’s commands replace a damaged registry with a copy of a backup, and restore it in a new cluster', async () => {
  const registered = await entries('production');
  const looking = [...render('production'), ...manifests.documents('backups-pod.yaml')];
  assert.match(await beside(looking, 'cap-backups', PAGE.get('backups')), /^backup_\d{8}_\d{6}\.tar\.gz/m);
  const damage = () => writeFileSync(path.join(node.claim('data-cap-registry-0'), 'registry/registry.db'), 'damage');
  // A new cluster has what applying the overlay creates: an empty registry.
  const renew = async () => {
    rmSync(node.claim('data-cap-registry-0'), { recursive: true });
    rmSync(node.claim('cap-backups'), { recursive: true });
    registries = [new Pod(node, render('production'), 'cap-registry', { ordinal: 0 })];
    await registries[0].start();
    assert.notEqual(await entries('production'), registered);
    assert.equal((await registries[0].terminate()).code, 0);
  };
  for (const loss of [damage, renew]) {
    assert.equal((await registries[0].terminate()).code, 0);
    await loss();
    assert.match(await restore(), /^ok$/m);
    registries = [new Pod(node, render('production'), 'cap-registry', { ordinal: 0 })];
    await registries[0].start();
    assert.equal(await entries('production'), registered);
  }
});

test('the Job of the component migrate moves it to PostgreSQL and S3', async () => {
  const registered = await entries('production');
  const more = await startStorage();
  assert.equal((await registries[0].terminate()).code, 0);
  const documents = render('production-ha', ['ingress-nginx', 'migrate'], more);
  assert.match(await new Pod(node, documents, 'cap-registry-migrate').complete(), /^moved and verified/m);
  registries = [new Pod(node, render('production-ha', ['ingress-nginx'], more), 'cap-registry')];
  await registries[0].start();
  assert.equal(await entries('production-ha'), registered);
  noFaults();
});

/** The stand-in for S3, once started, behind the Ingress's nginx. */
const bucketSite = () => `server { listen 443 ssl; server_name ${BUCKET}; client_max_body_size 0;
  ssl_certificate ${manifests.at('storage/certs/tls.crt')}; ssl_certificate_key ${manifests.at('storage/certs/tls.key')};
  location / { proxy_pass http://127.0.0.1:9100; proxy_request_buffering off; } }`;

/** Debian's PostgreSQL, over TLS only, and the bucket. Returns the overlay's settings for them. */
async function startStorage() {
  const home = engine.home;
  const programs = '/usr/lib/postgresql/15/bin';
  const as = `setpriv --reuid=${NOBODY} --regid=${NOBODY} --clear-groups`;
  const place = path.join(node.directory, 'postgres');
  const certs = manifests.at('storage/certs');
  writeFileSync(path.join(home, 'password'), PASSWORD);
  await engine.run(`
    chmod 0711 ${node.directory}
    install -d -o ${NOBODY} -g ${NOBODY} -m 0700 ${place}
    install -o ${NOBODY} -m 0600 ${home}/password ${certs}/tls.key ${certs}/tls.crt ${place}
    cd /
    ${as} ${programs}/initdb -D ${place}/data -U cap --auth-local=trust --auth-host=scram-sha-256 \
      --pwfile=${place}/password --encoding=UTF8 --locale=C --no-sync
    echo 'hostssl all cap all scram-sha-256' >> ${place}/data/pg_hba.conf
    ${as} ${programs}/postgres -D ${place}/data -c listen_addresses=${node.gateway} -c unix_socket_directories=${place} \
      -c ssl=on -c ssl_cert_file=${place}/tls.crt -c ssl_key_file=${place}/tls.key > ${home}/postgres.log 2>&1 &
    echo $! > ${home}/postgres.pid`);
  await engine.until(`${as} ${programs}/createdb -h ${place} -U cap cap`);
  const s3 = 'libs/storage/src';
  await engine.run(`${process.execPath} --import ./${s3}/sources.fixture.mjs ${s3}/s3/s3-double.fixture.ts 9100 \
    > ${home}/s3.json 2> ${home}/s3.log < /dev/null & echo $! > ${home}/s3.pid`);
  const double = JSON.parse(await engine.until(`grep . ${home}/s3.json`));
  manifests.write(
    'overlays/production-ha/local/storage/database.url',
    `postgres://cap:${PASSWORD}@${DATABASE}/cap?sslmode=verify-full`,
  );
  manifests.write('overlays/production-ha/local/storage/s3.access_key_id', double.access_key_id);
  manifests.write('overlays/production-ha/local/storage/s3.secret_access_key', double.secret_access_key);
  const app = readFileSync(manifests.at('components/registry-scale-out/app.yaml'), 'utf8');
  const said = app
    .replace('bucket: cap-registry', `bucket: ${double.bucket}`)
    .replace(/region: .*/, `region: ${double.region}`);
  manifests.write('overlays/own/registry.yaml', said);
  return '  - name: cap-registry-config\n    behavior: merge\n    files: [app.yaml=registry.yaml]\n';
}

test('production-ha: two registries on PostgreSQL and S3 do the same', async (t) => {
  await begin();
  const more = await startStorage();
  const documents = render('production-ha', ['ingress-nginx'], more);
  await controller.start(new Cluster(documents), bucketSite());
  registries = [1, 2].map(() => new Pod(node, documents, 'cap-registry'));
  for (const pod of registries) t.diagnostic(`${pod.name} ready after ${await pod.start()} ms`);
  verifiers = [new Pod(node, documents, 'cap-verifier')];
  await verifiers[0].start();
  await controller.endpoints(verifiers);
  await walkthrough(server('production-ha', ['ingress-nginx'], more), [], way('production-ha'));
  const registered = await entries('production-ha');
  assert.equal((await registries.pop().terminate()).code, 0, 'one of two ends');
  assert.equal(await entries('production-ha'), registered);
  noFaults();
});
