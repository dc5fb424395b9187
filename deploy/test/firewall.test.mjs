/** docs/install/firewall.md: on a booted server with a client next to it, then against ports that Docker publishes. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, before, test } from 'node:test';
import { Engine } from './engine.mjs';
import { prepareHost, quietly } from './host.mjs';
import { provideNodeImage } from './node-image.mjs';
import { commandsOf } from './pages.mjs';
import { root } from '../../scripts/setup.mjs';
import path from 'node:path';
import { Server } from './server.mjs';

const PORTS = [22, 443, 2222, 8080, 8081, 8443, 9090];
const OPEN = [22, 8443];
const SERVER = { v4: '192.0.2.1', v6: '2001:db8::1' };
const CLIENT = { v4: '192.0.2.2', v6: '2001:db8::2' };
/** Long enough for a virtual cable, with other work on the cores. */
const ANSWER_MS = 700;
const page = commandsOf('firewall');
const client = `cap-client-${process.pid}`;
const inClient = [`--net=/run/netns/${client}`];
const children = [];

/** Echoes on every port, on all addresses, until it is stopped. */
const LISTEN = `
  const ports = process.argv.slice(1);
  let left = ports.length;
  for (const port of ports)
    require('net').createServer((s) => s.on('error', () => {}).pipe(s)).listen(Number(port), '::', () => --left || console.log('ready'));`;
/** Prints the ports of an address that accept a connection and echo. */
const TRY = `
  const [host, ...ports] = process.argv.slice(1);
  const tries = ports.map((port) => new Promise((done) => {
    const socket = require('net').connect(Number(port), host, () => socket.write('?'));
    const end = (answer) => (socket.destroy(), done(answer));
    socket.on('data', () => end([Number(port)])).on('error', () => end([]));
    setTimeout(end, ${ANSWER_MS}, []);
  }));
  Promise.all(tries).then((open) => console.log(JSON.stringify(open.flat())));`;
/** Keeps a connection to each port; for each line it reads, it sends a byte on every one and prints which echoed. */
const HOLD = `
  const [host, ...ports] = process.argv.slice(1);
  let left = ports.length;
  const sockets = ports.map((port) => require('net').connect(Number(port), host, () => --left || console.log('ready')));
  process.stdin.on('data', () => {
    const heard = sockets.map((socket, i) => new Promise((done) => {
      socket.once('data', () => done([Number(ports[i])])).write('?');
      setTimeout(done, ${ANSWER_MS}, []);
    }));
    Promise.all(heard).then((open) => console.log(JSON.stringify(open.flat())));
  });`;

const nsenter = (namespace, script, ...args) => {
  const command = ['--pdeathsig=KILL', 'nsenter', ...namespace, process.execPath, '-e', script, ...args];
  const child = spawn('setpriv', command, { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  return child;
};
const line = (child) => new Promise((resolve) => child.stdout.once('data', (data) => resolve(data.toString().trim())));
const started = async (...args) => {
  const child = nsenter(...args);
  assert.equal(await line(child), 'ready');
  return child;
};
const reachable = async (namespace, address, ports = PORTS) =>
  JSON.parse(await line(nsenter(namespace, TRY, address, ...ports)));

let server;
let inServer;
before(async () => {
  prepareHost();
  const packages = ['nftables', 'iptables', 'ufw', 'iproute2'];
  server = await Server.boot({ packages, release: path.join(root, 'deploy') });
  inServer = ['--target', server.pid, '--net'];
  quietly('ip', ['netns', 'add', client]);
  const ip = (...args) => quietly('ip', ['-n', client, ...args]);
  ip('link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', server.pid);
  ip('link', 'set', 'lo', 'up');
  ip('link', 'set', 'eth0', 'up');
  ip('address', 'add', `${CLIENT.v4}/24`, 'dev', 'eth0');
  ip('address', 'add', `${CLIENT.v6}/64`, 'dev', 'eth0', 'nodad');
  await server.run(`
    ip link set eth0 up
    ip address add ${SERVER.v4}/24 dev eth0
    ip address add ${SERVER.v6}/64 dev eth0 nodad`);
  await started(inServer, LISTEN, ...PORTS);
  await started(inClient, LISTEN, 5555);
});
after(async () => {
  for (const child of children) child.kill('SIGKILL');
  await server?.end();
  quietly('sh', ['-c', `! [ -e /run/netns/${client} ] || ip netns delete ${client}`]);
});

/** Both address families at once; neighbours are forgotten first, so that they have to be discovered again. */
async function fromClient() {
  quietly('ip', ['-n', client, 'neighbour', 'flush', 'dev', 'eth0']);
  const [v4, v6] = await Promise.all([reachable(inClient, SERVER.v4), reachable(inClient, SERVER.v6)]);
  return { v4, v6 };
}
const both = (ports) => ({ v4: ports, v6: ports });
/** The kernel's rules, without counters; the order of chains does not matter, that of the rules within one does. */
const rules = () =>
  server.ask(`
    nft list table inet cap 2> /dev/null || true
    for tables in iptables ip6tables; do
      $tables-save | sed '/^#/d; s/ .[0-9]*:[0-9]*.$//' | sort --stable --key=2,2 --key=1,1
    done`);

async function way(name, { startAgain }) {
  assert.deepEqual(await fromClient(), both(PORTS), 'before');
  const held = await Promise.all(Object.values(SERVER).map((address) => started(inClient, HOLD, address, ...OPEN)));
  await server.run(page.get(name));

  assert.deepEqual(await fromClient(), both(OPEN), 'after');
  for (const connection of held) {
    connection.stdin.write('\n');
    assert.deepEqual(JSON.parse(await line(connection)), OPEN, 'connections that stood');
  }
  for (const loopback of ['127.0.0.1', '::1']) assert.deepEqual(await reachable(inServer, loopback), PORTS, loopback);
  for (const address of Object.values(CLIENT))
    assert.deepEqual(await reachable(inServer, address, [5555]), [5555], 'answers to what the server begins');

  const once = await rules();
  await server.run(page.get(name));
  assert.equal(await rules(), once, 'applied twice');

  await server.run(`nft flush ruleset; ${startAgain}`);
  assert.deepEqual(await fromClient(), both(OPEN), 'what a start of the machine applies');
  assert.equal(await rules(), once);
}

async function assertTakenBack() {
  assert.deepEqual(await fromClient(), both(PORTS), 'taken back');
  assert.doesNotMatch(await rules(), /cap|CAP-|DOCKER-USER/);
  assert.equal(await server.ask('systemctl list-unit-files --no-legend cap-firewall.service || true'), '');
  assert.equal(
    await server.ask('ls -d /etc/default/cap-* /usr/local/lib/cap-* /etc/ufw/cap* 2> /dev/null || true'),
    '',
  );
}

for (const kind of ['nftables', 'iptables'])
  test(kind, async () => {
    await way(kind, { startAgain: 'systemctl restart cap-firewall' });
    await server.run(`~/cap/firewall/firewall.sh ${kind} --ssh 2222 --open 443 --open 8443`);
    assert.deepEqual(await fromClient(), both([443, 2222, 8443]), 'other ports');
    await server.run(page.get('remove'));
    await assertTakenBack();
  });

test('nobody can lock themselves out', async () => {
  const none = await rules();
  const from = 'SSH_CONNECTION="192.0.2.2 50000 192.0.2.1 2222"';
  for (const kind of ['nftables', 'iptables', 'ufw'])
    for (const session of ['', 'env --unset=SSH_CONNECTION']) {
      const line = `${from} sh -c '${session} ~/cap/firewall/firewall.sh ${kind}; exit $?'`;
      const refused = await server.run(line, { mayFail: true });
      assert.equal(refused.code, 64);
      assert.match(refused.stderr, /add --ssh 2222/);
    }
  for (const kind of ['nftables', 'iptables'])
    assert.equal((await server.run(`export ${from}\n${page.get(kind)}`, { mayFail: true })).code, 64);
  await server.run(
    `printf '#!/bin/sh\\nprintf "port 22\\\\nport 2222\\\\n"\\n' > /usr/local/sbin/sshd; chmod +x /usr/local/sbin/sshd`,
  );
  const { code, stderr } = await server.run('~/cap/firewall/firewall.sh iptables --ssh 22', { mayFail: true });
  assert.equal(code, 64);
  assert.match(stderr, /sshd listens on port 2222.*--ssh 2222/);
  for (const wrong of ['--open', '--open 0', '--open 65536', '--open 08443', '--open 8443/tcp', '--close 22'])
    assert.equal((await server.run(`~/cap/firewall/firewall.sh iptables ${wrong}`, { mayFail: true })).code, 64, wrong);
  assert.equal(await rules(), none, 'a refusal changes nothing');
  assert.equal(await server.ask('ls /etc/systemd/system/cap-firewall.service 2> /dev/null || true'), '');

  // Booting is not the time to refuse.
  await server.run(`${from.replace('2222', '22')}; export SSH_CONNECTION\n${page.get('nftables')}`);
  assert.deepEqual(await fromClient(), both([22, 2222, 8443]));
  await server.run('rm /usr/local/sbin/sshd');
  await server.run(page.get('remove'));
  await assertTakenBack();
});

test('the timer undoes everything, also for later boots', async () => {
  for (const kind of ['nftables', 'iptables', 'ufw']) {
    await server.run(page.get('undo'));
    await server.run(page.get(kind));
    assert.deepEqual(await fromClient(), both(OPEN));
    await server.run('systemctl start --wait cap-firewall-undo'); // what its timer does after five minutes
    await assertTakenBack();
    await server.run(page.get('keep'));
  }
  await server.run(`${page.get('undo')}\n${page.get('keep')}`);
});

test('ufw', async () => {
  await way('ufw', { startAgain: 'systemctl restart ufw' });
  await server.run(page.get('remove'));
  assert.deepEqual(await fromClient(), both(PORTS));
  assert.match(await server.ask('ufw status'), /inactive/);
});

test('ufw that was already in use stays as it was', async () => {
  await server.run(`
    ufw default deny outgoing
    ufw default allow routed
    ufw limit 22/tcp
    ufw allow from ${CLIENT.v4} to any port 8443 proto tcp
    ufw allow 9090/tcp
    ufw --force enable`);
  const state = () => server.ask('cd /etc; sha256sum default/ufw ufw/ufw.conf ufw/*.rules; ufw status verbose; ls ufw');
  const before = await state();
  const open = { v4: [22, 8443, 9090], v6: [22, 9090] };
  assert.deepEqual(await fromClient(), open);
  await server.run(`~/cap/firewall/firewall.sh ufw --ssh 22 --open 8443 --open 8080`);
  assert.match(await server.ask('ufw status verbose'), /deny \(incoming\), deny \(outgoing\), allow \(routed\)/);
  assert.match(await server.ask('ufw status'), /^22\/tcp +LIMIT/m);
  assert.deepEqual(await fromClient(), { v4: [22, 8080, 8443, 9090], v6: [22, 8080, 9090] });
  await server.run('ufw allow 2222/tcp');
  await server.run(page.get('remove'));
  await server.run('ufw delete allow 2222/tcp');
  assert.equal(await state(), before);
  assert.deepEqual(await fromClient(), open);

  await server.run('ufw deny 8080/tcp');
  const refused = await server.run('~/cap/firewall/firewall.sh ufw --open 8080', { mayFail: true });
  assert.equal(refused.code, 64);
  assert.match(refused.stderr, /refuses port 8080/);
  await server.run('ufw default allow outgoing; ufw default deny routed; ufw --force reset');
});

test('ports that Docker publishes', async (t) => {
  const engine = await Engine.start();
  t.after(() => engine.end());
  await provideNodeImage((...args) => engine.docker(...args));
  const outside = `cap-outside-${process.pid}`;
  quietly('ip', ['netns', 'add', outside]);
  t.after(() => quietly('ip', ['netns', 'delete', outside]));
  await engine.run(`
    ip link add eth0 type veth peer name eth0 netns ${outside}
    ip address add ${SERVER.v4}/24 dev eth0
    ip address add ${SERVER.v6}/64 dev eth0 nodad
    ip link set eth0 up`);
  for (const args of [
    ['address', 'add', `${CLIENT.v4}/24`, 'dev', 'eth0'],
    ['address', 'add', `${CLIENT.v6}/64`, 'dev', 'eth0', 'nodad'],
    ['link', 'set', 'eth0', 'up'],
  ])
    quietly('ip', ['-n', outside, ...args]);
  // The container swaps the ports: what counts is the port the caller asked for.
  const published = ['8443:8080', '8080:8443', '9090:9090'].flatMap((port) => ['--publish', port]);
  await engine.docker(
    'run',
    '--detach',
    '--name',
    'served',
    ...published,
    'node:24-bookworm-slim',
    'node',
    '-e',
    LISTEN,
    '8080',
    '8443',
    '9090',
  );
  await engine.until('docker logs served | grep ready');
  const ask = async () => {
    const from = [`--net=/run/netns/${outside}`];
    const ports = [8080, 8443, 9090];
    const [v4, v6] = await Promise.all(Object.values(SERVER).map((address) => reachable(from, address, ports)));
    return { v4, v6 };
  };
  const engines = (commands) => engine.run(commands);
  /** ufw is in the server's file system, not the machine's. */
  const withUfw = (commands) =>
    engines(
      `unshare --mount sh -ec 'mount --bind ${server.directory} /mnt; mount -t proc proc /mnt/proc; chroot /mnt /bin/sh -ec "${commands}"'`,
    );
  const ways = {
    nftables: [
      () => engines('deploy/firewall/firewall.sh nftables'),
      () => engines('deploy/firewall/firewall.sh remove'),
    ],
    iptables: [
      () => engines('deploy/firewall/firewall.sh iptables'),
      () => engines('deploy/firewall/firewall.sh remove'),
    ],
    ufw: [() => withUfw('/root/cap/firewall/firewall.sh ufw'), () => withUfw('/root/cap/firewall/firewall.sh remove')],
  };
  for (const [name, [apply, remove]] of Object.entries(ways)) {
    assert.deepEqual(await ask(), both([8080, 8443, 9090]), `before ${name}`);
    await apply();
    assert.deepEqual(await ask(), both([8443]), name);
    await engines('exec 3<> /dev/tcp/127.0.0.1/8080; echo here >&3; read -r -t 5 heard <&3; [ "$heard" = here ]');
    await remove();
  }
});
