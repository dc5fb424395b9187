/**
 * The tests' own Docker engine. It runs in a network namespace, where its bridges, its firewall rules and the ports it publishes
 * do not affect the machine; nothing in there reaches another network. Images are therefore built beforehand, by an engine on
 * the machine's network. Both keep their images in one directory, also between runs.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { root } from '../../scripts/setup.mjs';
import { CACHE, quietly } from './host.mjs';
import { Shell } from './shell.mjs';

/** Images and build cache. Two engines must not share one: a second test run needs its own directory. */
const DATA = process.env.CAP_ENGINE_DATA ?? path.join(CACHE, 'engine');
/** The same for every run with this directory, so that the next run finds what a killed one left behind. */
const NAME = `cap-${createHash('sha256').update(DATA).digest('hex').slice(0, 8)}`;
const STATE = `/run/${NAME}`;
const SOCKET = `${STATE}/docker.sock`;
const PIDFILE = `${STATE}/dockerd.pid`;
/** The test process that uses it. */
const OWNER = `${STATE}/owner`;
const NAMESPACE = `/run/netns/${NAME}`;

const START_MS = 60_000;
/** Longer than the engine waits for its containers. */
const STOP_MS = 60_000;
/** How much of the build cache is kept after a run. */
const KEPT_CACHE = '8GB';

const words = (text) => text.split('\n').filter((word) => word !== '');

/** `docker compose`, as people type it today, run by Debian's docker-compose. */
const COMPOSE_PLUGIN = `#!/bin/sh
if [ "$1" = docker-cli-plugin-metadata ]; then
  echo '{"SchemaVersion":"0.1.0","Vendor":"Debian","Version":"1.29.2","ShortDescription":"docker-compose"}'
else
  shift
  exec /usr/bin/docker-compose "$@"
fi
`;

export class Engine extends Shell {
  #process;
  #output = '';
  #namespace;

  /** The engine whose containers are tested. Leftovers of a killed run are removed first. */
  static async start() {
    await removeEngine();
    quietly('ip', ['netns', 'add', NAME]);
    quietly('ip', ['-n', NAME, 'link', 'set', 'lo', 'up']);
    return Engine.#start([], ['nsenter', `--net=${NAMESPACE}`]);
  }

  /**
   * The engine that builds, on the machine's network: `docker build` needs `--network=host`. It can't run a container with a
   * network.
   */
  static async startBuilder() {
    await removeEngine();
    return Engine.#start(['--bridge=none', '--iptables=false', '--ip6tables=false'], []);
  }

  static async #start(args, namespace) {
    const engine = new Engine();
    engine.#namespace = namespace;
    try {
      mkdirSync(DATA, { recursive: true });
      mkdirSync(STATE, { mode: 0o700 });
      writeFileSync(OWNER, String(process.pid));
      // Ignores /etc/docker/daemon.json.
      writeFileSync(`${STATE}/daemon.json`, '{}\n');
      /** HOME of the commands; empty at first. */
      engine.home = mkdtempSync(`${STATE}/home-`);
      /** First on their PATH. */
      engine.bin = path.join(engine.home, 'bin');
      mkdirSync(engine.bin);
      // A machine may have other programs of these names first on PATH.
      for (const name of ['docker', 'docker-compose']) symlinkSync(`/usr/bin/${name}`, path.join(engine.bin, name));
      const plugins = path.join(engine.home, '.docker/cli-plugins');
      mkdirSync(plugins, { recursive: true });
      writeFileSync(path.join(plugins, 'docker-compose'), COMPOSE_PLUGIN, { mode: 0o755 });
      await engine.#run([
        ...[`--data-root=${DATA}`, `--exec-root=${STATE}/exec`, `--pidfile=${PIDFILE}`, `--host=unix://${SOCKET}`],
        ...[`--config-file=${STATE}/daemon.json`, '--log-level=warn', ...args],
      ]);
      await engine.#removeAll();
      return engine;
    } catch (error) {
      await engine.end();
      throw error;
    }
  }

  async #run(args) {
    // Whatever ends this test also ends the engine, and with it its mounts.
    const outside = ['--pdeathsig=TERM', ...this.#namespace, 'unshare', '--mount'];
    this.#process = spawn('setpriv', [...outside, '/usr/sbin/dockerd', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#process.stdout, this.#process.stderr])
      stream.on('data', (chunk) => (this.#output = (this.#output + chunk).slice(-20_000)));
    const deadline = Date.now() + START_MS;
    while ((await this.run('docker version', { mayFail: true })).code !== 0) {
      if (this.#process.exitCode !== null || Date.now() > deadline)
        throw new Error(`the Docker engine did not start\n${this.#output}`);
      await pause(100);
    }
  }

  /** Containers, their networks and volumes; images stay. */
  async #removeAll() {
    const containers = words(await this.docker('ps', '--all', '--quiet'));
    if (containers.length > 0) await this.docker('rm', '--force', '--volumes', ...containers);
    const volumes = words(await this.docker('volume', 'ls', '--quiet'));
    if (volumes.length > 0) await this.docker('volume', 'rm', '--force', ...volumes);
    await this.docker('network', 'prune', '--force');
  }

  /**
   * In the engine's network: `docker`, `docker compose` and ports on loopback work as on a user's machine.
   * `cwd` is the checkout.
   */
  shellOf(commands, { cwd = root, env = {} }) {
    return {
      command: [...this.#namespace, '/bin/bash', '--norc', '-euo', 'pipefail', '-c', commands],
      cwd,
      env: {
        HOME: this.home,
        LANG: 'C.UTF-8',
        PATH: `${this.bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
        DOCKER_HOST: `unix://${SOCKET}`,
        DOCKER_BUILDKIT: '1',
        ...env,
      },
    };
  }

  /** Runs `docker` with its arguments quoted; returns its output. */
  docker(...args) {
    return this.ask(`docker ${args.map((arg) => `'${arg.replaceAll("'", `'\\''`)}'`).join(' ')}`);
  }

  /** Removes images without a name, and the least recently used part of the build cache. */
  async tidy() {
    await this.docker('image', 'prune', '--force');
    await this.docker('builder', 'prune', '--force', `--keep-storage=${KEPT_CACHE}`);
  }

  /** Removes its containers and stops it; only its images remain. */
  async end() {
    if (this.#process && this.#process.exitCode === null)
      await this.#removeAll().catch((error) => process.stderr.write(`[deploy] ${error.message}\n`));
    await removeEngine();
  }
}

const lives = (pid) => existsSync(`/proc/${pid}`);

/** Stops the engine of DATA, if one is running, and removes its state and its namespace. */
async function removeEngine() {
  const owner = existsSync(OWNER) ? readFileSync(OWNER, 'utf8') : '';
  if (owner !== '' && owner !== String(process.pid) && lives(owner))
    throw new Error(
      `process ${owner} runs an engine on ${DATA}: wait for it, or name another directory with CAP_ENGINE_DATA`,
    );
  const pid = existsSync(PIDFILE) ? readFileSync(PIDFILE, 'utf8').trim() : '';
  const isOurs =
    pid !== '' && lives(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`--data-root=${DATA}\0`);
  if (isOurs) {
    process.kill(Number(pid), 'SIGTERM');
    const deadline = Date.now() + STOP_MS;
    while (lives(pid)) {
      if (Date.now() > deadline) process.kill(Number(pid), 'SIGKILL');
      await pause(50);
    }
  }
  if (existsSync(NAMESPACE)) quietly('ip', ['netns', 'delete', NAME]);
  rmSync(STATE, { recursive: true, force: true });
}
