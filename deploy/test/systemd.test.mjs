/** docs/install/systemd.md on a booted server: the units as shipped. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { walkthrough } from './walkthrough.mjs';
import { commandsOf } from './pages.mjs';
import { Server } from './server.mjs';

const SERVICES = ['cap-registry', 'cap-verifier', 'cap-backup'];
const LIVE = ['cap-registry', 'cap-verifier'];
const page = commandsOf('systemd');

let server;
before(async () => {
  server = await Server.boot();
  await server.run(commandsOf('binary').get('install'));
});
after(() => server?.end());

const step = (name) => server.run(page.get(name));
const property = (unit, name) => server.ask(`systemctl show --value --property=${name} ${unit}`);
const pidOf = (unit) => property(unit, 'MainPID');
/** Runs commands as a running service sees the machine: its mounts, its user. */
const within = async (unit, commands, options) =>
  server.run(
    `nsenter --target ${await pidOf(unit)} --mount setpriv --reuid=cap-verifier --regid=cap-verifier --clear-groups sh -c '${commands}'`,
    options,
  );

test('systemd finds no fault in the units, and an exposure of at most 2.0', async (t) => {
  const shipped = `${SERVICES.map((name) => `${name}.service`).join(' ')} cap-backup.timer cap.target`;
  await server.run('cp ~/cap/systemd/* /etc/systemd/system/');
  assert.equal(await server.ask(`cd /etc/systemd/system && systemd-analyze verify ${shipped} 2>&1`), '');
  for (const name of SERVICES) {
    const words = await server.ask(
      `systemd-analyze security --offline=true /etc/systemd/system/${name}.service | tail -n 1`,
    );
    const exposure = Number(/ (\d+\.\d) /.exec(words)[1]);
    t.diagnostic(`${name}: exposure ${exposure}`);
    assert.ok(exposure <= 2, words);
  }
});

test('started means ready', async (t) => {
  await step('units');
  for (const [unit, port] of [
    ['cap-registry', 8081],
    ['cap-verifier', 8080],
  ]) {
    assert.equal(await property(unit, 'ActiveState'), 'active');
    assert.match(await server.ask(`curl -sS --fail http://127.0.0.1:${port}/readyz`), /"status":"ok"/);
    const [from, to] = await Promise.all(
      ['InactiveExitTimestampMonotonic', 'ActiveEnterTimestampMonotonic'].map((name) => property(unit, name)),
    );
    t.diagnostic(
      `${unit}: start to ready ${((to - from) / 1000).toFixed(0)} ms, the health command's own start included`,
    );
    t.diagnostic(`${unit}: ${await server.ask(`grep VmRSS /proc/${await pidOf(unit)}/status`)}`);
  }
  assert.match((await step('status')).stdout, /cap-backup\.timer/);
  assert.match((await step('logs')).stdout, /^\{"ts":".*"service":"cap-verifier-api"/m);
});

test('the services run as cap-verifier, without further privileges', async () => {
  const uid = await server.ask('id -u cap-verifier');
  for (const unit of LIVE) {
    const status = await server.ask(`cat /proc/${await pidOf(unit)}/status`);
    assert.match(status, new RegExp(`^Uid:\\s+${uid}\\s+${uid}\\s+${uid}\\s+${uid}$`, 'm'));
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'])
      assert.match(status, new RegExp(`^${set}:\\s+0+$`, 'm'));
    assert.match(status, /^NoNewPrivs:\s+1$/m);
    assert.match(status, /^Seccomp:\s+2$/m);
  }
  const others = await server.ask(
    'find /etc/cap-verifier /var/lib/cap-verifier /backups/cap-verifier -perm /o+rwx ! -type l',
  );
  assert.equal(others, '', 'nothing is open to other users');
  assert.equal(await server.ask('stat --format=%U:%a /var/lib/cap-verifier'), 'cap-verifier:750');
});

test('the sandbox: they can neither write nor see what is not theirs', async () => {
  await server.run('touch /home/somebody');
  for (const unit of LIVE) {
    for (const place of ['/etc/cap-verifier/x', '/usr/local/bin/x', '/var/lib/x', '/opt/x'])
      assert.match(
        (await within(unit, `touch ${place}`, { mayFail: true })).stderr,
        /Read-only file system|Permission denied|No such file/,
        place,
      );
    assert.notEqual((await within(unit, 'ls /home/somebody', { mayFail: true })).code, 0);
    assert.notEqual((await within(unit, 'ls /etc/cap-verifier/secrets', { mayFail: true })).code, 0);
    assert.notEqual((await within(unit, 'cat /etc/cap-verifier/backup-keys/*.key', { mayFail: true })).code, 0);
    assert.equal((await within(unit, 'touch /var/tmp/x && rm /var/tmp/x')).code, 0);
  }
  // Even root can't write there from within: the file system is mounted read-only.
  const asRoot = await server.run(`nsenter --target ${await pidOf('cap-verifier')} --mount touch /usr/x`, {
    mayFail: true,
  });
  assert.match(asRoot.stderr, /Read-only file system/);
  assert.notEqual((await within('cap-verifier', 'ls /var/lib/cap-verifier', { mayFail: true })).code, 0);
  assert.equal((await within('cap-registry', 'touch /var/lib/cap-verifier/x && rm /var/lib/cap-verifier/x')).code, 0);
  for (const place of ['/etc/cap-verifier/certs', '/backups/cap-verifier'])
    assert.notEqual((await within('cap-registry', `ls ${place}`, { mayFail: true })).code, 0, place);
  const credential = '/run/credentials/cap-verifier.service/registry.token';
  assert.equal(
    (await within('cap-verifier', `cat ${credential}`)).stdout,
    await server.ask('cat /etc/cap-verifier/secrets/verifier.token'),
  );
  assert.notEqual((await within('cap-registry', `cat ${credential}`, { mayFail: true })).code, 0);
  const environment = await server.ask(`tr '\\0' '\\n' < /proc/${await pidOf('cap-verifier')}/environ`);
  assert.doesNotMatch(environment, new RegExp(await server.ask('cat /etc/cap-verifier/secrets/verifier.token')));
});

test('the walkthrough, with the unit’s backup', () => walkthrough(server, ['binary', 'systemd']));

test('a reload applies log level and certificate and keeps the process', async () => {
  const pid = await pidOf('cap-verifier');
  await step('certbot-hook');
  const served = `openssl s_client -connect localhost:8443 < /dev/null 2> /dev/null | openssl x509 -noout -fingerprint`;
  const old = await server.ask(served);
  await server.run(`
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=localhost \
      -addext subjectAltName=DNS:localhost -keyout privkey.pem -out fullchain.pem
    sed -i 's/log_level: info/log_level: debug/' /etc/cap-verifier/app.yaml
    RENEWED_LINEAGE=~ /etc/letsencrypt/renewal-hooks/deploy/cap`);
  await server.until(`[ "$(${served})" != '${old}' ]`);
  await step('reload');
  await server.until(`journalctl -u cap-verifier -o cat | grep '"what":"log level"'`);
  assert.equal(await pidOf('cap-verifier'), pid);
  await server.run('curl -sS --fail --cacert ~/fullchain.pem https://localhost:8443/healthz');
});

test('a killed service is restarted and has lost nothing', async () => {
  const entries = 'cap registry list --data-dir /var/lib/cap-verifier --json';
  const registered = await server.ask(entries);
  for (const unit of LIVE) {
    const pid = await pidOf(unit);
    await server.run(`kill -KILL ${pid}`);
    await server.until(
      `[ "$(systemctl show --value -p NRestarts ${unit})" = 1 ] && [ "$(systemctl is-active ${unit})" = active ]`,
    );
    assert.notEqual(await pidOf(unit), pid);
  }
  await server.until('curl -sS --fail http://127.0.0.1:8080/readyz');
  await server.run('cap registry fsck --data-dir /var/lib/cap-verifier');
  assert.equal(await server.ask(entries), registered);
});

test('a service with invalid configuration is not restarted over and over', async () => {
  const file = '/etc/cap-verifier/app.yaml';
  await server.run(`cp ${file} ~/app.yaml; echo 'no_such_key: 1' >> ${file}`);
  const { code } = await server.run('systemctl restart cap-verifier', { mayFail: true });
  assert.notEqual(code, 0);
  assert.equal(await property('cap-verifier', 'ActiveState'), 'failed');
  assert.match(await server.ask('journalctl -u cap-verifier -o cat'), /no_such_key/);
  await server.run(`cat ~/app.yaml > ${file}; systemctl restart cap-verifier`);
});

test('a service that can\u2019t listen fails at once, and is given up after ten tries', async () => {
  await server.run('systemctl stop cap-verifier; systemctl reset-failed');
  await server.run(
    'openssl s_server -accept 8443 -cert /etc/cap-verifier/certs/server.crt -key /etc/cap-verifier/certs/server.key > /dev/null 2>&1 < /dev/null & echo $! > ~/taken.pid',
  );
  const from = Date.now();
  assert.notEqual((await server.run('systemctl start cap-verifier', { mayFail: true })).code, 0);
  assert.ok(Date.now() - from < 20_000, `${Date.now() - from} ms`);
  await server.until('journalctl -u cap-verifier -o cat | grep "repeated too quickly"', 110_000);
  assert.match(await server.ask('journalctl -u cap-verifier -o cat'), /EADDRINUSE/);
  await server.run('kill "$(cat ~/taken.pid)"; systemctl reset-failed; systemctl start cap-verifier');
});

test('the timer makes a verified backup', async () => {
  assert.equal(await server.ask('systemctl show --value -p TimersCalendar cap-backup.timer | grep -c 02:00:00'), '1');
  await step('timer');
  assert.equal(await server.ask('systemctl show --value -p TimersCalendar cap-backup.timer | grep -c 01:30:00'), '1');
  const known = await server.ask('ls /backups/cap-verifier');
  // The same timer, due in a second instead of at night.
  await server.run(`
    printf '[Timer]\\nOnCalendar=\\nOnActiveSec=1s\\nAccuracySec=100ms\\nRandomizedDelaySec=0\\n' > /etc/systemd/system/cap-backup.timer.d/when.conf
    systemctl daemon-reload
    systemctl restart cap-backup.timer`);
  await server.until(
    `[ "$(ls /backups/cap-verifier | grep -c 'gz$')" -gt ${known.split('\n').filter((name) => name.endsWith('gz')).length} ]`,
  );
  await server.until('[ "$(systemctl is-active cap-backup)" = inactive ]');
  assert.equal(await property('cap-backup', 'Result'), 'success');
  assert.match(await server.ask('journalctl -u cap-backup -o cat'), /backup made and verified/);
  const newest = await server.ask('ls /backups/cap-verifier/*.tar.gz | tail -n 1');
  await server.run(`cap backup drill ${newest} --signer "$(ls /etc/cap-verifier/backup-keys/*.pub)"`);
  await step('timer');
});

/** As an interactive shell runs pasted lines: on to the next one, even after a failure. */
const pasted = (name, before = '') => server.run(`set +e\n${before}\n${page.get(name)}`, { mayFail: true });

test('an upgrade and a restore stop at the first failure', async () => {
  const programs = () => server.ask('sha256sum /usr/local/bin/cap*; systemctl show --value -p MainPID cap-registry');
  const running = await programs();
  await server.run('cp -r ~/cap ~/cap-new; truncate --size=1M ~/cap-new/cap-registry');
  assert.match((await pasted('upgrade')).stderr, /cap-new is not what was released/);
  assert.equal(await programs(), running);
  assert.match((await pasted('upgrade', 'systemctl() { false; }')).stdout, /^$/);
  await server.run('rm -r ~/cap-new');

  const keys = 'sha256sum /var/lib/cap-verifier/keys/log.key';
  const key = await server.ask(keys);
  await server.run(`
    cp -a /backups/cap-verifier ~/backups
    cp -r /var/lib/cap-verifier /var/lib/cap-verifier.before-restore-20260101_000000
    echo older > /var/lib/cap-verifier.before-restore-20260101_000000/keys/log.key
    printf damaged | dd of="$(ls /backups/cap-verifier/*.tar.gz | tail -n 1)" bs=1 seek=1000 conv=notrunc`);
  const { code, stderr } = await pasted('restore');
  assert.notEqual(code, 0);
  assert.match(stderr, /backup\./);
  assert.equal(await server.ask(keys), key);
  await server.run(`
    rm -r /var/lib/cap-verifier.before-restore-20260101_000000
    cp -a ~/backups/. /backups/cap-verifier/
    mv /var/lib/cap-verifier/keys ~/keys`);
  assert.match((await pasted('restore')).stderr, /put your copy of it there first/);
  await server.run('mv ~/keys /var/lib/cap-verifier/; systemctl start cap.target cap-registry cap-verifier');
  assert.equal(await server.ask(keys), key);
});

test('an upgrade keeps configuration and data; a restore brings back what was saved', async () => {
  const entries = () => server.ask('cap registry list --data-dir /var/lib/cap-verifier --json');
  const configuration = 'find /etc/cap-verifier -type f -exec sha256sum {} + | sort -k 2';
  const logKey = () => server.ask('sha256sum /var/lib/cap-verifier/keys/log.key');
  const [registered, configured, signedWith] = [await entries(), await server.ask(configuration), await logKey()];
  await server.run('mv ~/cap ~/cap-new');
  await step('upgrade');
  assert.equal(await server.ask(configuration), configured);
  assert.equal(await entries(), registered);
  await step('restore');
  assert.equal(await entries(), registered);
  assert.equal(await logKey(), signedWith, 'the log is signed by the key that auditors trust');
  for (const unit of LIVE) assert.equal(await property(unit, 'ActiveState'), 'active');
  await server.run('curl -sS --fail http://127.0.0.1:8080/readyz');
});

test('stopping the target stops all of them cleanly', async () => {
  await server.run('systemctl stop cap.target');
  for (const unit of LIVE) {
    await server.until(`[ "$(systemctl is-active ${unit})" = inactive ]`);
    assert.equal(await property(unit, 'Result'), 'success');
    assert.equal(await property(unit, 'ExecMainStatus'), '0');
  }
  await step('remove');
  assert.equal(await server.ask(`systemctl list-units --no-legend 'cap*' || true`), '');
});
