/** docs/install/docker.md with the test's own engine: a copy of the release, started the way people do. */
import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { parse } from 'yaml';
import { root } from '../../scripts/setup.mjs';
import { ComposeStack, SERVICES } from './compose-stack.mjs';
import { prepareHost, quietly } from './host.mjs';
import { walkthrough } from './walkthrough.mjs';
import { commandsOf } from './pages.mjs';

const PROGRAM = {
  'cap-registry': 'cap-registry',
  'cap-verifier': 'cap-verifier-api',
  'cap-backup': 'cap-backup-worker',
};
const MANAGEMENT = { 'cap-registry': 8081, 'cap-verifier': 8080, 'cap-backup': 8082 };
const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
const page = commandsOf('docker');
const BEHIND_NGINX = 'url=https://localhost\n';

let stack;
let compose;
before(async () => {
  prepareHost();
  stack = await ComposeStack.start();
  compose = stack.directory;
});
after(() => stack?.end());

const run = (commands, options) => stack.run(commands, options);
const ask = (commands) => stack.ask(commands);
const step = (name) => run(page.get(name));
const megabytes = (bytes) => `${(bytes / 1e6).toFixed(0)} MB`;

test('Compose accepts the file, which has the documented names and pins every image', async () => {
  await run(`cd ${compose} && docker compose --profile monitoring config --quiet`);
  const file = parse(readFileSync(path.join(compose, 'docker-compose.yml'), 'utf8'), { merge: true });
  assert.deepEqual(Object.keys(file.services).sort(), [
    'cap-backup',
    'cap-registry',
    'cap-verifier',
    'grafana',
    'prometheus',
  ]);
  assert.deepEqual(
    Object.values(file.volumes)
      .map(({ name }) => name)
      .sort(),
    ['cap-backups', 'cap-data', 'grafana-data', 'prometheus-data'],
  );
  assert.equal(file.networks['cap-network'].name, 'cap-network');
  for (const [name, service] of Object.entries(file.services)) {
    assert.equal(service.container_name, name);
    assert.match(
      service.image,
      SERVICES.includes(name)
        ? new RegExp(`:\\$\\{CAP_VERSION:-${version}\\}$`)
        : /:\$\{[A-Z]+_VERSION:-v?\d+\.\d+\.\d+\}$/,
    );
    for (const port of service.ports ?? []) assert.match(port, /^\$\{[A-Z]+_BIND:-127\.0\.0\.1\}:/);
    assert.deepEqual([service.read_only, service.cap_drop, service.stop_grace_period], [true, ['ALL'], '35s']);
  }
});

test('secrets are created, and the services start one after the other until all are healthy', async (t) => {
  await step('secrets');
  assert.equal(statSync(path.join(compose, 'keys/log.key')).uid, 1000);
  await step('up');
  await stack.healthy(...SERVICES);
  const health = JSON.parse(await ask(`docker inspect --format '{{json .State.Health.Log}}' cap-registry`));
  const readyAt = Date.parse(health.find(({ ExitCode }) => ExitCode === 0).End);
  for (const name of ['cap-verifier', 'cap-backup'])
    assert.ok(Date.parse(await stack.inspect(name, '.State.StartedAt')) >= readyAt, `${name} waited for the registry`);
  for (const name of SERVICES) {
    const listening = (await ask(`docker logs ${name}`))
      .split('\n')
      .map((line) => JSON.parse(line))
      .find(({ msg }) => msg === 'listening');
    const began = Date.parse(await stack.inspect(name, '.State.StartedAt'));
    t.diagnostic(`${name}: start to listening ${Date.parse(listening.ts) - began} ms`);
    const size = await ask(
      `docker image inspect --format '{{.Size}}' "$(docker inspect --format '{{.Image}}' ${name})"`,
    );
    t.diagnostic(`${name}: image ${megabytes(size)}`);
  }
  const status = (await step('status')).stdout;
  for (const name of SERVICES) assert.match(status, new RegExp(`${name} .*healthy`));
  assert.match((await step('logs')).stdout, /\{"ts":".*"service":"cap-verifier-api"/);
});

test('only the API is published, on loopback', async () => {
  const listening = await ask(`ss -Hltn | awk '{print $4}' | sort`);
  assert.equal(listening, '127.0.0.1:8443');
  await stack.startPrometheus(); // scrapes while other tests run
  for (const name of SERVICES) {
    const answer = await ask(`curl -sS http://${await stack.addressOf(name)}:${MANAGEMENT[name]}/readyz`);
    assert.match(answer, /"status":"ok"/, `${name}, asked within the network`);
  }
  const metrics = await run(`curl -sS --cacert ${compose}/certs/ca.crt https://localhost:8443/metrics`);
  assert.match(metrics.stdout, /route\.unknown/);
});

test('they run as user 1000 without privileges, and can write only where they should', async (t) => {
  for (const name of SERVICES) {
    const status = await stack.statusOf(name);
    assert.match(status, /^Uid:\t1000\t1000\t1000\t1000$/m);
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'])
      assert.match(status, new RegExp(`^${set}:\\t0+$`, 'm'));
    assert.match(status, /^NoNewPrivs:\t1$/m);
    assert.match(status, /^Seccomp:\t2$/m);
    t.diagnostic(`${name}: ${await stack.memoryOf(name)} when idle`);
    for (const place of ['/x', '/opt/cap/x', '/config/x', '/certs/x', '/run/x', '/home/x', '/var/tmp/x'])
      assert.match(
        (await run(`docker exec ${name} touch ${place}`, { mayFail: true })).stderr,
        /Read-only file system|Permission denied/,
        place,
      );
    const own = { 'cap-registry': '/data', 'cap-backup': '/backups/cap-verifier' }[name] ?? '/tmp';
    await run(`docker exec ${name} sh -c 'touch ${own}/x && rm ${own}/x'`);
    assert.notEqual((await run(`docker exec --user 0 ${name} touch /usr/x`, { mayFail: true })).code, 0);
    const { Memory, PidsLimit } = JSON.parse(await ask(`docker inspect --format '{{json .HostConfig}}' ${name}`));
    assert.ok(Memory > 0 && PidsLimit > 0);
  }
});

test('each sees its own secrets and no others', async () => {
  const seen = {
    'cap-registry': [
      'cap-keys/log.key',
      'cap-tokens/backup.sha256',
      'cap-tokens/operator.sha256',
      'cap-tokens/verifier.sha256',
    ],
    'cap-verifier': ['cap-tokens/verifier.token'],
    'cap-backup': [
      'cap-keys/backup.json',
      'cap-keys/backup.key',
      'cap-tokens/backup.token',
      'cap-tokens/operator.sha256',
    ],
  };
  const secrets = ['tokens/verifier.token', 'tokens/backup.token', 'tokens/operator.token'];
  for (const name of SERVICES) {
    assert.deepEqual(
      (await ask(`docker exec ${name} sh -c 'cd /run/secrets && find . -type f | cut -c3- | sort'`)).split('\n'),
      seen[name],
    );
    const known = await ask(`docker inspect ${name}`);
    for (const secret of secrets)
      assert.ok(
        !known.includes(readFileSync(path.join(compose, secret), 'utf8')),
        `${secret} is not in what Docker tells of ${name}`,
      );
    const found = await run(
      `docker exec ${name} sh -c 'grep -rlF "$0" /config /certs /run/secrets /tmp /opt/cap' "$(cat ${compose}/tokens/operator.token)"`,
      { mayFail: true },
    );
    assert.equal(found.stdout, '', 'the operator’s token is nobody’s');
    assert.equal(
      (await run(`docker exec ${name} sh -c 'find / -xdev -name private.pem'`, { mayFail: true })).stdout,
      '',
      'nor is the issuer’s key',
    );
  }
  assert.notEqual((await run('docker exec cap-verifier ls /data', { mayFail: true })).code, 0);
});

test('a key that root shares through its group, as Kubernetes mounts it, is accepted; a world-readable one is not', async () => {
  for (const [mode, taken] of [
    ['0440', true],
    ['0444', false],
  ]) {
    await run(`install -m ${mode} -o 0 -g 1000 ${compose}/keys/log.key log.key`);
    await run(`docker run --detach --name cap-handed --network none --tmpfs /data:uid=1000,mode=0700 \
      --volume ${compose}/config/registry:/config:ro --volume ${compose}/certs:/certs:ro \
      --volume ~/log.key:/run/secrets/cap-keys/log.key:ro registry.example.com/cap-registry:${version}`);
    const ready = await run('docker exec cap-handed cap-registry health --wait', { mayFail: true });
    const log = await ask('docker logs cap-handed 2>&1');
    assert.equal(ready.code === 0, taken, log);
    if (!taken) assert.match(log, /log\.key can be read by others/);
    await run('docker rm --force cap-handed');
  }
});

test('the walkthrough, through nginx', async (t) => {
  await run('nginx');
  await step('proxy');
  await walkthrough({ ask }, ['docker'], BEHIND_NGINX);
  for (const name of SERVICES) t.diagnostic(`${name}: ${await stack.memoryOf(name)} afterwards`);
});

test('Prometheus reaches all three with the shipped configuration, and is Grafana’s data source', async () => {
  quietly('promtool', ['check', 'config', path.join(root, 'deploy/monitoring/prometheus/prometheus.yml')]);
  const query = `curl -sS --get --data-urlencode 'query=sum(up) == 3' http://127.0.0.1:9090/api/v1/query`;
  assert.match(await stack.engine.until(`${query} | grep '"value"'`, 40_000), /"3"/);
  await run('kill "$(cat prometheus.pid)"; rm prometheus.pid');
  const provisioned = 'deploy/monitoring/grafana/provisioning/datasources/prometheus.yaml';
  const { apiVersion, datasources } = parse(readFileSync(path.join(root, provisioned), 'utf8'));
  assert.deepEqual(
    [apiVersion, datasources.map(({ type, url }) => [type, url])],
    [1, [['prometheus', 'http://prometheus:9090']]],
  );
  await step('grafana-password');
  const { mode, uid, size } = statSync(path.join(compose, 'tokens/grafana.password'));
  assert.deepEqual([(mode & 0o777).toString(8), uid, size > 30], ['400', 472, true]);
});

test('a killed container is restarted and has lost nothing', async () => {
  const registered = await stack.entries();
  for (const name of SERVICES) process.kill(Number(await stack.pidOf(name)), 'SIGKILL');
  await stack.engine.until(
    SERVICES.map((name) => `[ "$(docker inspect --format '{{.RestartCount}}' ${name})" = 1 ]`).join(' && '),
  );
  await stack.healthy(...SERVICES);
  assert.equal(await stack.entries(), registered);
});

test('a new certificate and a new trust store are used without a restart', async () => {
  const served = 'openssl s_client -connect localhost:8443 < /dev/null 2> /dev/null | openssl x509 -noout -fingerprint';
  const [pid, old] = [await stack.pidOf('cap-verifier'), await ask(served)];
  await run(`openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost,DNS:cap-verifier -keyout privkey.pem -out fullchain.pem 2> /dev/null`);
  await step('certificate');
  await stack.engine.until(`[ "$(${served})" != '${old}' ]`);
  await run('curl -sS --fail --cacert fullchain.pem https://localhost:8443/healthz');
  await run(`sed -i 's|/certs/server|/certs/tls|' ${compose}/config/tls.yaml`);
  await step('reload');
  await stack.engine.until(`[ "$(${served})" = '${old}' ]`);
  assert.equal(await stack.pidOf('cap-verifier'), pid);
});

const failuresOf = (answers) =>
  Object.entries(answers).flatMap(([what, counts]) =>
    Object.entries(counts)
      .filter(([status]) => !/^2/.test(status))
      .map(([status, count]) => `${count} × ${what}: ${status}`),
  );

test('uploads of the largest size get through nginx, three at a time per subject; nginx stops larger ones', async (t) => {
  const upload = (bytes, times) =>
    ask(`head -c ${bytes} /dev/zero > big.zip
      for i in $(seq ${times}); do
        curl -sS -o /dev/null -w '%{http_code}\\n' --cacert ${compose}/certs/ca.crt \\
          --header "Authorization: Bearer $(cat ~/try/token)" --form file=@big.zip https://localhost/proof/upload &
      done
      wait; rm big.zip`);
  // The verifier's answer: these bytes are no bundle.
  assert.equal(await upload(100_000_000, 3), Array(3).fill('400').join('\n'));
  assert.equal(await upload(105_000_000, 1), '413');
  // Further ones are told to retry and disturb nobody else: two of the five places are left for others.
  const answers = (await upload(100_000_000, 8)).split('\n').sort();
  assert.deepEqual(
    [answers.length, answers.slice(0, 3).join(), new Set(answers.slice(3))],
    [8, '400,400,400', new Set(['429'])],
  );
  assert.deepEqual(
    [await stack.inspect('cap-verifier', '.State.OOMKilled'), await stack.inspect('cap-verifier', '.RestartCount')],
    ['false', '1'],
  );
  t.diagnostic(`cap-verifier: ${await stack.memoryOf('cap-verifier')} afterwards`);
});

test('the verifier is exchanged under load without a failed request', async (t) => {
  const pid = await stack.pidOf('cap-verifier');
  const answers = await stack.underLoad(page.get('exchange'));
  t.diagnostic(JSON.stringify(answers));
  assert.deepEqual(failuresOf(answers), []);
  for (const what of ['GET /healthz', 'POST /verify', 'POST /proof/upload'])
    assert.ok(Object.values(answers[what])[0] > 10, `${what} was asked`);
  assert.notEqual(await stack.pidOf('cap-verifier'), pid);
});

test('an exchange for a verifier that does not become ready keeps the running one', async () => {
  const pid = await stack.pidOf('cap-verifier');
  await run(`cd ${compose} && cp config/app.yaml app.kept && echo 'nonsense: 1' >> config/app.yaml`);
  const pasted = page.get('exchange').replace('timeout 120', 'timeout 5');
  writeFileSync(path.join(stack.home, 'exchange.sh'), pasted.replaceAll('/etc/nginx', stack.nginx));
  const failed = await run('sh exchange.sh', { mayFail: true }); // a shell that continues after a failure, as an interactive one does
  assert.notEqual(failed.code, 0);
  await run(`cd ${compose} && docker rm --force cap-verifier-next && cat app.kept > config/app.yaml && rm app.kept`);
  assert.equal(await stack.pidOf('cap-verifier'), pid);
  await run(`curl -sS --fail --cacert ${compose}/certs/ca.crt https://localhost/healthz`);
});

test('the same load does notice a verifier that is simply restarted', async (t) => {
  const answers = await stack.underLoad('sleep 1; docker restart --time 35 cap-verifier; sleep 1');
  t.diagnostic(failuresOf(answers).join(', '));
  assert.notDeepEqual(failuresOf(answers), []);
  await stack.healthy('cap-verifier');
});

test('stopping ends all of them cleanly, and a new start keeps what was registered', async () => {
  const registered = await stack.entries();
  await run(`cd ${compose} && docker compose stop`);
  for (const name of SERVICES) {
    assert.deepEqual(
      [await stack.inspect(name, '.State.ExitCode'), await stack.inspect(name, '.State.OOMKilled')],
      ['0', 'false'],
      name,
    );
    assert.match(await ask(`docker logs --tail 1 ${name}`), /"msg":"stopped"/);
  }
  await step('down');
  assert.equal(await ask('docker ps --all --quiet'), '');
  await step('up');
  await stack.healthy(...SERVICES);
  assert.equal(await stack.entries(), registered);
});

test('a restore replaces the data with the newest backup, under the same key', async () => {
  const registered = await stack.entries();
  assert.match((await step('backup')).stdout, /backup_.*\.tar\.gz/);
  await run('docker stop --time 35 cap-registry');
  await run(
    `docker run --rm --volume cap-data:/data --entrypoint sh registry.example.com/cap-registry:${version} -c 'echo damage > /data/registry/registry.db'`,
  );
  await step('restore');
  await stack.healthy(...SERVICES);
  assert.equal(await stack.entries(), registered);
  await run(`docker exec cap-registry sh -c 'grep damage /data/registry.before-restore-*/registry.db'`);
});

test('an upgrade replaces the containers and keeps the data, and so does rolling back', async () => {
  const registered = await stack.entries();
  for (const program of Object.values(PROGRAM))
    await run(`docker tag registry.example.com/${program}:${version} registry.example.com/${program}:0.2.0`);
  for (const tag of ['0.2.0', version]) {
    await run(page.get('upgrade').replaceAll('0.2.0', tag));
    await stack.healthy(...SERVICES);
    for (const name of SERVICES)
      assert.equal(await stack.inspect(name, '.Config.Image'), `registry.example.com/${PROGRAM[name]}:${tag}`);
    assert.equal(await stack.entries(), registered);
  }
  for (const program of Object.values(PROGRAM)) await run(`docker rmi --force registry.example.com/${program}:0.2.0`);
});

test('the registry moves to a directory as systemd keeps it, and back, and its log continues', async () => {
  const move = commandsOf('upgrade');
  const registered = await stack.entries();
  const [data, owner] = [path.join(stack.home, 'var'), 990];
  // There is no systemd here and no user of its units; `cap` is the image's program.
  const there = (name) =>
    `systemctl() { echo "systemctl $*"; }
     cap() { docker run --rm --user ${owner} --volume ${data}:${data} --entrypoint cap registry.example.com/cap-registry:${version} "$@"; }
     ${move.get(name).replaceAll('/var/lib/cap-verifier', data).replaceAll('cap-verifier:cap-verifier', `${owner}:${owner}`)}`;
  await run(`mkdir ${data}`);
  assert.match((await run(there('from-docker'))).stdout, /^ok$/m);
  const again = await run(there('from-docker'), { mayFail: true });
  assert.match(again.stderr, /there is a registry already/);
  assert.match((await run(there('to-docker'), { mayFail: true })).stderr, /a registry in cap-data already/);
  await run('docker volume rm cap-data');
  const { stdout } = await run(there('to-docker'));
  assert.match(stdout, /^ok$/m);
  assert.match(stdout, /^systemctl disable cap\.target$/m, 'a start of the machine brings one registry');
  await stack.healthy(...SERVICES);
  assert.equal(await stack.entries(), registered);
});

test('a verifier started by docker run, with and without TLS', async () => {
  await step('run-http');
  await step('run-https');
  await stack.engine.until('curl -sS --fail http://127.0.0.1:8080/readyz');
  await stack.engine.until(`curl -sS --fail --cacert ${compose}/certs/ca.crt https://localhost:8643/healthz`);
  await run('docker stop --time 35 cap-verifier-http cap-verifier-https');
});
