/**
 * A real PostgreSQL server of Debian's for tests and measurements: a data directory of its own below the system's temporary
 * one, on loopback and a Unix socket, durable as in production. Imports nothing of ours and is plain JavaScript once its types
 * are stripped, so that programs outside of jest can import this file too.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

const INSTALLED = '/usr/lib/postgresql';
const NOBODY = 65_534;
const START_MS = 30_000;
const STOP_MS = 20_000;

/** The directory of the newest server's programs. */
export function postgresPrograms(): string {
  const versions = existsSync(INSTALLED) ? readdirSync(INSTALLED).map(Number).filter(Number.isFinite) : [];
  const found = versions
    .sort((a, b) => b - a)
    .map((version) => path.join(INSTALLED, String(version), 'bin'))
    .find((directory) => existsSync(path.join(directory, 'postgres')));
  if (!found) throw new Error(`there is no PostgreSQL server below ${INSTALLED}: apt-get install postgresql`);
  return found;
}

/** PostgreSQL refuses to run as root. */
export const unprivileged = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};

export class PostgresServer {
  readonly directory: string;
  readonly port: number;
  #child: ChildProcess | null = null;
  #output = '';
  #databases = 0;
  #settings: Record<string, string>;

  private constructor(directory: string, port: number, settings: Record<string, string>) {
    this.directory = directory;
    this.port = port;
    this.#settings = settings;
  }

  /** `settings` go before the defaults. */
  static async start(settings: Record<string, string> = {}): Promise<PostgresServer> {
    const directory = await mkdtemp(path.join(tmpdir(), 'cap-postgres-'));
    if (unprivileged.uid !== undefined) await chown(directory, unprivileged.uid, unprivileged.gid);
    const server = new PostgresServer(directory, await freePort(), settings);
    try {
      const initdb = ['-D', server.#data, '-U', 'cap', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync'];
      execFileSync(path.join(postgresPrograms(), 'initdb'), initdb, { stdio: 'pipe', cwd: '/', ...unprivileged });
      await server.resume();
      return server;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  /** For the administrator of the server: its database `postgres`. */
  get url(): string {
    return this.#urlOf('postgres');
  }

  /** A new empty database. */
  async createDatabase(): Promise<string> {
    const name = `cap_${process.pid}_${++this.#databases}`;
    return createDatabase(this.url, name);
  }

  /** Ends the server as a crash does (`immediate`) or in order (`fast`), and keeps its data. */
  async halt(how: 'immediate' | 'fast'): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(how === 'fast' ? 'SIGINT' : 'SIGQUIT');
    const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await exited;
    clearTimeout(late);
  }

  /** Starts it on the data that are there. */
  async resume(): Promise<void> {
    const settings = {
      listen_addresses: '127.0.0.1',
      port: String(this.port),
      unix_socket_directories: this.directory,
      max_connections: '200',
      fsync: 'on',
      ...this.#settings,
    };
    const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const child = spawn(path.join(postgresPrograms(), 'postgres'), ['-D', this.#data, ...options], {
      stdio: ['ignore', 'ignore', 'pipe'],
      cwd: '/',
      ...unprivileged,
    });
    this.#child = child;
    child.stderr.on('data', (text: Buffer) => (this.#output = (this.#output + text.toString()).slice(-4_000)));
    const deadline = Date.now() + START_MS;
    while (!(await answers(this.url))) {
      if (child.exitCode !== null || Date.now() > deadline)
        throw new Error(`PostgreSQL does not start: ${this.#output}`);
      await sleep(50);
    }
  }

  async stop(): Promise<void> {
    await this.halt('fast');
    await rm(this.directory, { recursive: true, force: true });
  }

  get #data(): string {
    return path.join(this.directory, 'data');
  }

  #urlOf(database: string): string {
    return `postgres://cap@127.0.0.1:${this.port}/${database}`;
  }
}

/** Runs one statement as the administrator whose URL it is. */
export async function administer(url: string, statement: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(statement)).rows;
  } finally {
    await client.end();
  }
}

/** Makes an empty database on the server of this URL and gives its URL. */
export async function createDatabase(server: string, name: string): Promise<string> {
  await administer(server, `CREATE DATABASE ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}

export async function dropDatabase(server: string, url: string): Promise<void> {
  await administer(server, `DROP DATABASE IF EXISTS ${new URL(url).pathname.slice(1)} WITH (FORCE)`);
}

async function answers(url: string): Promise<boolean> {
  return administer(url, 'SELECT 1').then(
    () => true,
    () => false,
  );
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
