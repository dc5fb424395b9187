/** A bare Debian server, booted in a container, with its own network, which is only loopback. */
import { spawn } from 'node:child_process';
import { cpSync, existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { root } from '../../scripts/setup.mjs';
import { bareServer, quietly } from './host.mjs';
import { Shell } from './shell.mjs';

const BOOT_MS = 60_000;
const STOP_MS = 60_000;

/** Root file systems of running tests: `cap-server-PID-…`. */
const PLACE = '/var/tmp/cap-server-';

/** Removes what a killed test could not. */
export function removeLeftovers() {
  for (const directory of globSync(`${PLACE}*`))
    if (!existsSync(`/proc/${directory.slice(PLACE.length).split('-')[0]}`)) rmSync(directory, { recursive: true });
  // `cap-client-PID`: hosts that call a server.
  for (const namespace of globSync('/run/netns/cap-{client,outside}-*').map((file) => path.basename(file)))
    if (!existsSync(`/proc/${namespace.split('-')[2]}`)) quietly('ip', ['netns', 'delete', namespace]);
}

export class Server extends Shell {
  #container;
  #leader;

  /** Copies the root file system, puts the release (or what is given instead) into ~/cap, and boots. */
  static async boot({ packages = [], release = path.join(root, 'dist', 'binaries') } = {}) {
    const server = new Server();
    server.directory = mkdtempSync(`${PLACE}${process.pid}-`);
    try {
      quietly('cp', ['--archive', '--reflink=auto', `${bareServer(packages)}/.`, server.directory]);
      cpSync(release, path.join(server.directory, 'root', 'cap'), { recursive: true });
      // A server has this; debootstrap does not create it.
      writeFileSync(path.join(server.directory, 'etc', 'hosts'), '127.0.0.1 localhost\n::1 localhost\n');
      await server.#boot();
      return server;
    } catch (error) {
      await server.end();
      throw error;
    }
  }

  async #boot() {
    const name = path.basename(this.directory);
    const args = ['--quiet', `--directory=${this.directory}`, `--machine=${name}`, '--register=no', '--keep-unit'];
    // Whatever ends this test also ends the container.
    const container = ['--pdeathsig=TERM', 'systemd-nspawn', ...args, '--private-network', '--console=pipe', '--boot'];
    this.#container = spawn('setpriv', container, { stdio: ['ignore', 'pipe', 'pipe'] });
    let console = '';
    for (const stream of [this.#container.stdout, this.#container.stderr])
      stream.on('data', (chunk) => (console = (console + chunk).slice(-20_000)));
    const deadline = Date.now() + BOOT_MS;
    for (;;) {
      if (this.#container.exitCode !== null || Date.now() > deadline)
        throw new Error(`the container did not boot\n${console}`);
      this.#leader ??= childOf(this.#container.pid);
      if (
        this.#leader &&
        (await this.run('systemctl is-system-running', { mayFail: true })).stdout.trim() === 'running'
      )
        return;
      await pause(100);
    }
  }

  /** Runs commands as root, in its home directory. */
  shellOf(commands) {
    const enter = ['--target', this.#leader, '--mount', '--uts', '--ipc', '--net', '--pid', '--cgroup', '--root'];
    return {
      command: ['nsenter', ...enter, '/bin/bash', '-euo', 'pipefail', '-c', `cd\n${commands}`],
      env: { HOME: '/root', LANG: 'C.UTF-8', PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin' },
    };
  }

  /** A process in the server's namespaces. */
  get pid() {
    return this.#leader;
  }

  /** Stops the server and removes it. */
  async end() {
    const container = this.#container;
    if (container && container.exitCode === null) {
      const exited = new Promise((resolve) => container.once('exit', resolve));
      container.kill('SIGTERM'); // systemd-nspawn tells the init in it to power off
      await Promise.race([exited, pause(STOP_MS, null, { ref: false })]);
      if (container.exitCode === null) container.kill('SIGKILL');
    }
    if (this.directory) rmSync(this.directory, { recursive: true, force: true });
  }
}

/** The container's init: the only child of systemd-nspawn. */
function childOf(pid) {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0] || undefined;
}
