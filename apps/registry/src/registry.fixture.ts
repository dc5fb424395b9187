import { execFileSync } from 'node:child_process';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, rmdir, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Writable } from 'node:stream';
import request from 'supertest';
import { loadConfig } from '@cap/config';
import { RegistryClient } from '@cap/contracts';
import { createService, type Service } from '@cap/service-kit';
import { RegistryData } from '@cap/storage';
import { administer } from '../../../libs/storage/src/database/postgres.fixture.js';
import { PROFILE, ScaleOutStores } from '../../../libs/storage/src/profile.fixture.js';
import type { S3Double } from '../../../libs/storage/src/s3/s3-double.fixture.js';
import { registryService } from './service.js';

export const TOKENS = {
  verifier: 'verifier-token-0123456789',
  backup: 'backup-token-0123456789',
  operator: 'operator-token-0123456789',
};
export type ClientName = keyof typeof TOKENS;

/** The log's key, which every process that shares a log has to have. */
async function keyOf(directory: string): Promise<string> {
  const file = path.join(directory, 'keys', 'log.key');
  if (existsSync(file)) return file;
  await mkdir(path.dirname(file), { recursive: true });
  const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' });
  await writeFile(file, pem, { mode: 0o600 });
  return file;
}

/** Below the data directory, or in the bucket. */
const keyOfBlob = (id: string): string => `blobs/${id.slice(2, 4)}/${id.slice(4, 6)}/${id.slice(2)}`;

const hashOf = (token: string) => `sha256:${createHash('sha256').update(token).digest('hex')}`;
const keptIn = (lines: string[]) =>
  new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(chunk.toString());
      done();
    },
  });

/** The real service on a port of its own and a state of its own, in the profile of this run. */
export class TestRegistry {
  readonly #clients: RegistryClient[] = [];

  private constructor(
    readonly directory: string,
    readonly url: string,
    readonly service: Service,
    private readonly document: Record<string, unknown>,
    private readonly log: Record<string, unknown>,
    readonly shared: ScaleOutStores | null,
    /** What it logged. */
    readonly lines: readonly string[],
  ) {}

  static async start(
    document: Record<string, unknown> = {},
    earlier?: TestRegistry,
    log: Record<string, unknown> = {},
  ): Promise<TestRegistry> {
    const directory = earlier?.directory ?? (await mkdtemp(path.join(tmpdir(), 'cap-registry-')));
    const shared = earlier ? earlier.shared : PROFILE === 'scale-out' ? await ScaleOutStores.make() : null;
    const key = shared && !log.key ? { key: await keyOf(directory) } : {};
    const place = shared?.place ?? {
      database: path.join(directory, 'registry.db'),
      blobs: path.join(directory, 'blobs'),
    };
    const config = loadConfig({
      role: 'registry',
      document: {
        ...document,
        registry: {
          bind: '127.0.0.1:0',
          ...place,
          log: { ...key, ...log },
          tokens: Object.fromEntries(Object.entries(TOKENS).map(([name, token]) => [name, [hashOf(token)]])),
        },
      },
    });
    const lines: string[] = [];
    const service = await createService(registryService, config, { logOutput: keptIn(lines) });
    const { management } = await service.listen();
    return new TestRegistry(directory, management, service, document, log, shared, lines);
  }

  /** A request as one of the clients. */
  as(name: ClientName) {
    const authorization = `Bearer ${TOKENS[name]}`;
    const agent = request(this.url);
    const putBytes = (route: string, body: string | Buffer) =>
      agent
        .put(route)
        .set({ authorization, 'content-type': 'application/octet-stream' })
        .send(body as string);
    return {
      get: (route: string) => agent.get(route).set({ authorization }),
      head: (route: string) => agent.head(route).set({ authorization }),
      post: (route: string, body: object) => agent.post(route).set({ authorization }).send(body),
      put: (route: string, body: object) => agent.put(route).set({ authorization }).send(body),
      putBytes,
      putBlob: (body: string | Buffer, query = '') => putBytes(`/v1/blobs${query}`, body),
      delete: (route: string) => agent.delete(route).set({ authorization }),
    };
  }

  /** The typed client with a client's token. */
  client(name: ClientName): RegistryClient {
    const client = new RegistryClient({ url: this.url, token: TOKENS[name] });
    this.#clients.push(client);
    return client;
  }

  get data(): RegistryData {
    return this.service.app.get(RegistryData);
  }

  readonly at = (...parts: string[]): string => path.join(this.directory, ...parts);

  /** Stops and starts again on the same data. */
  async restart(): Promise<TestRegistry> {
    await this.end();
    return TestRegistry.start(this.document, this, this.log);
  }

  async stop(): Promise<void> {
    await this.end();
    await this.remove();
  }

  /** Removes the data of one that has ended. */
  async remove(): Promise<void> {
    await this.shared?.remove();
    await rm(this.directory, { recursive: true, force: true });
  }

  /** Does to the database what the service never would, in a process or a session of its own as somebody else would. */
  async tamper(...statements: string[]): Promise<void> {
    const drop = (trigger: string, table: string) =>
      `DROP TRIGGER IF EXISTS ${table}_${trigger}${this.shared ? ` ON ${table}` : ''}`;
    const unlock = ['events', 'log_hashes'].flatMap((table) => [drop('never_change', table), drop('never_go', table)]);
    const sql = [...unlock, ...statements].join('; ');
    if (this.shared)
      return void (await administer(
        this.shared.database,
        sql.replaceAll('zeroblob(32)', `decode(repeat('00', 32), 'hex')`),
      ));
    const open = 'new (require("node:sqlite").DatabaseSync)(process.argv[1]).exec(process.argv[2])';
    execFileSync(process.execPath, ['-e', open, this.at('registry.db'), sql], { stdio: 'ignore' });
  }

  /** Puts other bytes where a BLOB is. */
  overwrite(blobId: string, bytes: string): Promise<void> {
    return this.exchange(keyOfBlob(blobId), bytes);
  }

  /** Puts other bytes in the place of a file or an object, such as `checkpoints/1`. */
  async exchange(name: string, bytes: string): Promise<void> {
    if (this.shared) this.shared.double.objects.set(name, { body: Buffer.from(bytes), modified: new Date() });
    else await writeFile(this.at(name), bytes);
  }

  /** From now on nothing in a folder, such as `checkpoints`, can be read or written. Returns what ends that. */
  async block(name: string): Promise<() => Promise<void>> {
    if (this.shared) {
      this.double.fail({ fault: 'deny', key: `${name}/`, times: Infinity });
      return () => Promise.resolve(this.double.heal());
    }
    // Not by its mode, which stops no superuser.
    await rename(this.at(name), this.at(`${name}.aside`));
    await writeFile(this.at(name), '');
    return async () => {
      await rm(this.at(name));
      await rename(this.at(`${name}.aside`), this.at(name));
    };
  }

  /** No checkpoint can be written, while the directory is the one that the registry opened. */
  async blockCheckpoint(epoch: number): Promise<() => Promise<void>> {
    if (this.shared) return this.block('checkpoints');
    const file = this.at('checkpoints', String(epoch));
    await rename(file, this.at('aside'));
    await mkdir(file);
    return async () => {
      await rmdir(file);
      await rename(this.at('aside'), file);
    };
  }

  async hasAge(blobId: string, hours: number): Promise<void> {
    const then = new Date(Date.now() - hours * 3_600_000);
    if (this.shared) this.shared.double.objects.get(keyOfBlob(blobId))!.modified = then;
    else await utimes(this.at(keyOfBlob(blobId)), then, then);
  }

  /** The newest checkpoint beside the database. */
  async storedCheckpoint(epoch: number): Promise<string> {
    const name = `checkpoints/${epoch}`;
    return this.shared ? this.shared.double.objects.get(name)!.body.toString() : readFile(this.at(name), 'utf8');
  }

  /** The object store of the scale-out profile. */
  get double(): S3Double {
    return this.shared!.double;
  }

  /** Stops and leaves the data where it is. */
  async end(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
    await this.service.stop();
  }
}

export const digestOf = (text: string) => `0x${createHash('sha3-256').update(text).digest('hex')}` as const;

export const POLICY_V1 = {
  version: 'lksg.v1',
  name: 'Test Policy',
  created_at: '2025-11-06T10:00:00Z',
  constraints: { require_at_least_one_ubo: true, supplier_count_max: 10 },
  notes: '',
};
export const POLICY_V1_HASH = '0x0afcb402e74ff6a11601863fc4ae2f2d756124db71bc703f5889ecefcd371ff4';

export const policyV2 = (version: string, max = 10) => ({
  id: 'lksg.suppliers',
  version,
  legal_basis: [{ directive: 'LkSG', article: '§ 5' }],
  description: 'How many suppliers there may be',
  inputs: { supplier_count: 'integer' },
  rules: [{ id: 'few-suppliers', op: 'range_max', lhs: 'supplier_count', rhs: max }],
});

export const entryOf = (bundle_id: string, more: object = {}) => ({
  bundle_id,
  manifest_hash: digestOf('manifest'),
  proof_hash: digestOf('proof'),
  policy_hash: POLICY_V1_HASH,
  result: 'ok',
  report_hash: digestOf('report'),
  signer_kid: '00112233445566778899aabbccddeeff',
  company: 'ACME GmbH',
  ...more,
});
