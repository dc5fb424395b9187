import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, request as forward, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import request from 'supertest';
import { BackupTarget } from '@cap/backup';
import { loadConfig } from '@cap/config';
import { RegistryClient } from '@cap/contracts';
import { generateKey, type SigningKey } from '@cap/crypto/key-files';
import { createService, type Service } from '@cap/service-kit';
import { backupService } from './service.js';

const REGISTRY = path.join(import.meta.dirname, '../../registry/dist/main.js');
export const TOKENS = {
  verifier: 'verifier-token-0123456789',
  backup: 'backup-token-0123456789',
  operator: 'operator-token-0123456789',
};
const tokens = Object.fromEntries(
  Object.entries(TOKENS).map(([name, token]) => [name, [`sha256:${createHash('sha256').update(token).digest('hex')}`]]),
);

/** The built registry in a process of its own. */
class RegistryProcess {
  private constructor(
    private readonly child: ChildProcess,
    readonly url: string,
  ) {}

  static async start(directory: string): Promise<RegistryProcess> {
    if (!existsSync(REGISTRY)) throw new Error(`${REGISTRY} is not built: pnpm build`);
    const config = path.join(directory, 'app.yaml');
    const registry = {
      bind: '127.0.0.1:0',
      database: path.join(directory, 'registry.db'),
      blobs: path.join(directory, 'blobs'),
      tokens,
    };
    await writeFile(config, JSON.stringify({ registry }));
    const child = spawn(process.execPath, [REGISTRY, '--config', config], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { PATH: process.env['PATH'] },
    });
    const lines = createInterface(child.stdout!);
    const url = await new Promise<string>((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`the registry ended with ${code}`)));
      lines.on('line', (line) => {
        const { msg, management } = JSON.parse(line) as { msg: string; management?: string };
        if (msg === 'listening') resolve(management!);
      });
    });
    return new RegistryProcess(child, url);
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null) return;
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGTERM');
    await ended;
  }
}

/** What happens to an answer on its way. */
export type Fate =
  | { kind: 'problem'; status: number; code: string }
  /** The connection breaks after so many bytes of the body. */
  | { kind: 'cut'; after: number }
  /** Nothing comes after so many bytes of the body, for ever. */
  | { kind: 'stall'; after: number };

/** Between worker and registry: sees each request, and may decide what becomes of its answer. */
export class Wire {
  readonly seen: { method: string; url: string; range: string | undefined }[] = [];
  fate: (request: IncomingMessage) => Fate | null = () => null;
  /** Resolves when an answer has stalled. */
  readonly stalled = Promise.withResolvers<void>();
  readonly #server: Server;

  constructor(private readonly registry: string) {
    this.#server = createServer((received, answer) => {
      const { method = '', url = '', headers } = received;
      this.seen.push({ method, url, range: headers.range });
      const fate = this.fate(received);
      if (fate?.kind === 'problem') {
        const { status, code } = fate;
        received.resume();
        answer.writeHead(status, { 'content-type': 'application/problem+json' });
        return answer.end(JSON.stringify({ type: 'about:blank', title: code, status, code }));
      }
      const upstream = forward(`${this.registry}${url}`, { method, headers }, (response) => {
        answer.writeHead(response.statusCode!, response.headers);
        if (!fate) return response.pipe(answer);
        response.once('data', (chunk: Buffer) => {
          answer.write(chunk.subarray(0, fate.after), () => {
            if (fate.kind === 'cut') answer.destroy();
            else this.stalled.resolve();
            response.destroy();
          });
        });
        return undefined;
      });
      upstream.on('error', () => answer.destroy());
      return received.pipe(upstream);
    });
  }

  async open(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }
}

/** Collects log lines. */
export class LogSink extends Writable {
  readonly lines: Record<string, unknown>[] = [];
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    for (const line of chunk.toString().split('\n').filter(Boolean)) this.lines.push(JSON.parse(line));
    done();
  }
  find(msg: string): Record<string, unknown>[] {
    return this.lines.filter((line) => line['msg'] === msg);
  }
}

/** An issuer of access tokens with one P-256 key. */
const issuer = generateKeyPairSync('ec', { namedCurve: 'P-256' });
export function accessToken(scope: string): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const exp = Math.floor(Date.now() / 1000) + 600;
  const signed = `${part({ alg: 'ES256' })}.${part({ iss: 'test', aud: 'cap', sub: 'operator', exp, scope })}`;
  return `${signed}.${sign('sha256', Buffer.from(signed), { key: issuer.privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

export interface Worker {
  service: Service;
  url: string;
  log: LogSink;
}

/** A registry that runs with some BLOBs in it, and all that a worker needs beside it. */
export class World {
  readonly #workers = new Set<Service>();
  readonly #clients: RegistryClient[] = [];

  private constructor(
    readonly directory: string,
    private readonly registry: RegistryProcess,
    readonly signer: SigningKey,
    readonly wire: Wire,
    private readonly wireUrl: string,
  ) {}

  static async start(): Promise<World> {
    const directory = await mkdtemp(path.join(tmpdir(), 'cap-backup-worker-'));
    for (const name of ['data', 'etc/keys', 'etc/config', 'etc/certs'])
      await mkdir(path.join(directory, name), { recursive: true });
    await writeFile(path.join(directory, 'etc/config/app.yaml'), 'server: {}\n');
    await writeFile(path.join(directory, 'issuer.pem'), issuer.publicKey.export({ type: 'spki', format: 'pem' }));
    const signer = await generateKey(path.join(directory, 'signing'), {
      owner: 'backup worker',
      validFrom: new Date(Date.now() - 60_000),
      validDays: 365,
      usage: ['backup'],
    });
    const registry = await RegistryProcess.start(path.join(directory, 'data'));
    const wire = new Wire(registry.url);
    const world = new World(directory, registry, signer, wire, await wire.open());
    for (let i = 0; i < 3; i++) await world.client('verifier').putBlob(Buffer.alloc(100_000, `bundle ${i}`), 'keep');
    return world;
  }

  readonly at = (...parts: string[]): string => path.join(this.directory, ...parts);

  target = (name = 'backups'): BackupTarget => new BackupTarget(this.at(name));

  get registryUrl(): string {
    return this.registry.url;
  }

  /** Straight to the registry, past the wire. */
  client(name: keyof typeof TOKENS): RegistryClient {
    const client = new RegistryClient({ url: this.registry.url, token: TOKENS[name] });
    this.#clients.push(client);
    return client;
  }

  loaded(backup: Record<string, unknown> = {}, registry: Record<string, unknown> = {}) {
    return loadConfig({
      role: 'backup',
      document: {
        oauth: { issuer: 'test', audience: 'cap', public_key_path: this.at('issuer.pem') },
        registry: { url: this.wireUrl, token: TOKENS.backup, tokens, ...registry },
        backup: {
          bind: '127.0.0.1:0',
          target: this.at('backups'),
          signing_key: this.at('signing', `${this.signer.kid}.key`),
          sources: { keys: this.at('etc/keys'), config: this.at('etc/config'), certs: this.at('etc/certs') },
          ...backup,
        },
      },
    });
  }

  async worker(...more: Parameters<World['loaded']>): Promise<Worker> {
    const log = new LogSink();
    const service = await createService(backupService, this.loaded(...more), { logOutput: log });
    this.#workers.add(service);
    const { management } = await service.listen();
    return { service, url: management, log };
  }

  /** What `cap-backup-worker run-once` does, its exit code, and its log. */
  async runOnce(...more: Parameters<World['loaded']>): Promise<{ code: number; log: LogSink }> {
    const log = new LogSink();
    const loaded = this.loaded(...more);
    const service = await createService(backupService, loaded, { logOutput: log });
    try {
      return { code: await backupService.commands!['run-once']!.run(service.app, loaded.config), log };
    } finally {
      await service.app.close();
    }
  }

  /** What stands in a target, but for its lock and the record of its last run. */
  async left(name = 'backups'): Promise<string[]> {
    const names = existsSync(this.at(name)) ? await readdir(this.at(name)) : [];
    return names.filter((file) => file !== '.lock' && file !== '.last-run.json').sort();
  }

  async end(): Promise<void> {
    for (const service of this.#workers) await service.stop();
    await Promise.all(this.#clients.map((client) => client.close()));
    await this.wire.close();
    await this.registry.stop();
    await rm(this.directory, { recursive: true, force: true });
  }
}

/** A request to a worker as one of the clients. */
export const as = (url: string, token: string = TOKENS.operator) => {
  const authorization = `Bearer ${token}`;
  return {
    create: () => request(url).post('/v1/backups').set({ authorization }),
    list: () => request(url).get('/v1/backups').set({ authorization }),
  };
};

/** The `cap_backup_…` metrics of a worker. */
export async function backupMetrics(url: string): Promise<Record<string, number>> {
  const { text } = await request(url).get('/metrics');
  const lines = text.split('\n').filter((line) => line.startsWith('cap_backup_'));
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]),
  );
}
