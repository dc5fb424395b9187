import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, createSign, generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import type { FastifyInstance, RouteOptions } from 'fastify';
import request from 'supertest';
import { type Config, loadConfig } from '@cap/config';
import { publicKeyText } from '@cap/crypto';
import { generateKey, type SigningKey } from '@cap/crypto/key-files';
import { compilePolicy, parsePolicyText } from '@cap/policy';
import { addToTrust, emptyTrustDocument, trustDocumentBytes } from '@cap/verify/trust';
import type { BackendName, Statement } from '@cap/proof';
import { writeBundle, type WrittenBundle } from '@cap/proof/prove';
import { Project } from '@cap/prover';
import { readSuppliers, readUbos } from '@cap/lists/intake';
import { createService, type Service, type ServiceParts } from '@cap/service-kit';
import { assertDocumented } from './openapi/documented.fixture.js';
import { Relay } from './relay.fixture.js';
import { verifierService } from './service.js';

const examples = (...parts: string[]) => path.join(import.meta.dirname, '../../../examples', ...parts);
const REGISTRY = path.join(import.meta.dirname, '../../registry/dist/main.js');
const VERIFIER = path.join(import.meta.dirname, '../dist/main.js');
const REGISTRY_TOKEN = 'verifier-token-0123456789';
const AUDIENCE = 'cap-verifier';
const ISSUER = 'https://issuer.example';
/** Names its subjects on its own: its `auditor` is not the other one's. */
export const OTHER_ISSUER = 'https://other-issuer.example';
export const AS_OF = '2026-01-15';
export const ALL_SCOPES = 'verify:read registry:write policy:write';

const keys = generateKeyPairSync('rsa', { modulusLength: 2048 });
const base64url = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** An access token with these scopes. */
export function tokenWith(scope: string, claims: object = {}): string {
  const now = Math.floor(Date.now() / 1000);
  const body = { iss: ISSUER, aud: AUDIENCE, sub: 'auditor', iat: now, exp: now + 600, scope, ...claims };
  const text = `${base64url({ alg: 'RS256', typ: 'JWT' })}.${base64url(body)}`;
  return `${text}.${createSign('RSA-SHA256').update(text).sign(keys.privateKey).toString('base64url')}`;
}

/** A service as a process of its own, from the build. */
export class ServiceProcess {
  private constructor(
    readonly url: string,
    private readonly child: ChildProcess,
  ) {}

  /** Runs until it listens. */
  static async run(program: string, config: string): Promise<ServiceProcess> {
    const child = spawn(process.execPath, [program, '--config', config], { stdio: ['ignore', 'pipe', 'inherit'] });
    for await (const line of createInterface({ input: child.stdout! })) {
      const { msg, management } = JSON.parse(line) as { msg?: string; management?: string };
      if (msg !== 'listening') continue;
      child.stdout!.resume();
      return new ServiceProcess(management!, child);
    }
    throw new Error(`${program} ended before it listened; is it built?`);
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill(signal);
    await once(this.child, 'exit');
  }
}

async function startRegistry(directory: string): Promise<ServiceProcess> {
  const config = path.join(directory, 'registry.yaml');
  const hash = `sha256:${createHash('sha256').update(REGISTRY_TOKEN).digest('hex')}`;
  const registry = {
    bind: '127.0.0.1:0',
    database: path.join(directory, 'registry.db'),
    blobs: path.join(directory, 'blobs'),
    tokens: { verifier: [hash] },
  };
  await writeFile(config, JSON.stringify({ registry }));
  return ServiceProcess.run(REGISTRY, config);
}

/** A project of the example lists, and the bundles that can be made of it. */
class Prover {
  private constructor(
    private readonly project: Project,
    readonly key: SigningKey,
  ) {}

  static async make(directory: string): Promise<Prover> {
    const project = await Project.prepare(path.join(directory, 'project'), {
      suppliers: await readSuppliers(createReadStream(examples('suppliers.csv')), { file: 'suppliers.csv' }),
      ubos: await readUbos(createReadStream(examples('ubos.csv')), { file: 'ubos.csv' }),
      files: { suppliers: 'suppliers.csv', ubos: 'ubos.csv' },
      now: '2026-01-16T00:00:00Z',
    });
    await project.buildManifest({
      scheme: 'merkle-blake3.v3',
      policy: compilePolicy(parsePolicyText(await readFile(examples('policies/lksg.v1.json')), 'lksg.v1.json')),
      referenceLists: await Promise.all(
        ['sanctions', 'jurisdictions'].map(async (id) => ({
          id,
          bytes: await readFile(examples(`${id}.csv`)),
          asOf: AS_OF,
        })),
      ),
      company: { name: 'Musterwerk AG' },
      manifestId: '11111111-2222-4333-8444-555555555555',
      asOf: AS_OF,
      now: '2026-01-16T00:00:00Z',
    });
    const key = await generateKey(path.join(directory, 'keys'), {
      owner: 'Musterwerk AG',
      validFrom: new Date('2026-01-01T00:00:00Z'),
      validDays: 3650,
      usage: ['bundle'],
    });
    return new Prover(project, key);
  }

  /** A signed bundle with its lists enclosed. */
  async bundle(backend: BackendName = 'disclosure', statement: Partial<Statement> = {}): Promise<WrittenBundle> {
    const record = await this.project.prove(backend, {
      signer: publicKeyText(this.key.publicKey),
      issued_at: '2026-01-16T00:00:00Z',
      ...statement,
    });
    const lists = await this.project.referenceLists();
    return writeBundle({
      label: 'test',
      createdAt: '2026-01-16T00:00:00Z',
      manifest: (await this.project.manifest()).bytes,
      proof: (await this.project.proof()).bytes,
      statement: record.statement,
      policy: Buffer.from((await this.project.policy()).canonicalText),
      references: Object.fromEntries([...lists].map(([id, { list }]) => [`${id}.csv`, list.bytes])),
      signers: [this.key],
    });
  }

  trust(): Buffer {
    const { kid, publicKey, record } = this.key;
    const { owner, valid_from, valid_to } = record;
    const signer = {
      ...{ kid, public_key: publicKeyText(publicKey), owner, company: { name: 'Musterwerk AG' } },
      ...{ valid_from, valid_to },
    };
    return trustDocumentBytes(addToTrust(emptyTrustDocument(), { signer }));
  }
}

type Document = Record<string, unknown>;

const configuration = (registry: ServiceProcess, directory: string, document: Document): Document => ({
  ...document,
  // Threads are files of the build, which the service in this process is not.
  server: { management_bind: '127.0.0.1:0', workers: 0 },
  oauth: {
    issuer: [ISSUER, OTHER_ISSUER],
    audience: AUDIENCE,
    public_key_path: path.join(directory, 'issuer.pem'),
    ...(document.oauth as object),
  },
  verification: { trust_file: path.join(directory, 'trust.json'), ...(document.verification as object) },
  registry: { url: registry.url, token: REGISTRY_TOKEN, ...(document.registry as object) },
});

/** The real API in this process, before a real registry in a process of its own. */
export class TestVerifier {
  readonly #beside: (() => Promise<void>)[] = [];

  private constructor(
    readonly directory: string,
    readonly registry: ServiceProcess,
    readonly prover: Prover,
    readonly service: Service,
    readonly config: Config,
    readonly url: string,
    /** Every route of the service. */
    readonly routes: readonly RouteOptions[],
  ) {}

  static async start(document: Document = {}): Promise<TestVerifier> {
    const directory = await mkdtemp(path.join(tmpdir(), 'cap-verifier-'));
    const registry = await startRegistry(directory);
    try {
      const prover = await Prover.make(directory);
      await writeFile(path.join(directory, 'trust.json'), prover.trust());
      await writeFile(path.join(directory, 'issuer.pem'), keys.publicKey.export({ type: 'spki', format: 'pem' }));
      return await TestVerifier.#before(registry, directory, prover, document);
    } catch (error) {
      await registry.stop();
      await rm(directory, { recursive: true, force: true });
      throw error;
    }
  }

  static async #before(
    registry: ServiceProcess,
    directory: string,
    prover: Prover,
    document: Document,
  ): Promise<TestVerifier> {
    const loaded = loadConfig({ role: 'verifier', document: configuration(registry, directory, document) });
    const logOutput = new Writable({ write: (_chunk, _encoding, done) => done() });
    const routes: RouteOptions[] = [];
    const configure: ServiceParts['configure'] = (app, config) => {
      const fastify: FastifyInstance = app.getHttpAdapter().getInstance();
      fastify.addHook('onRoute', (route) => void routes.push(route));
      return verifierService.configure!(app, config);
    };
    const service = await createService({ ...verifierService, configure }, loaded, { logOutput });
    const { management } = await service.listen();
    return new TestVerifier(directory, registry, prover, service, loaded.config, management, routes);
  }

  /** Another API before the same registry. */
  async replica(document: Document = {}): Promise<TestVerifier> {
    const replica = await TestVerifier.#before(this.registry, this.directory, this.prover, document);
    this.#beside.push(() => replica.service.stop());
    return replica;
  }

  /** The same as a process of its own, that can be killed. */
  async process(document: Document = {}): Promise<ServiceProcess> {
    const config = path.join(this.directory, 'verifier.yaml');
    await writeFile(config, JSON.stringify(configuration(this.registry, this.directory, document)));
    const process = await ServiceProcess.run(VERIFIER, config);
    this.#beside.push(() => process.stop('SIGKILL'));
    return process;
  }

  /** A way to the registry that a test can disturb. */
  async relay(): Promise<Relay> {
    const relay = await Relay.before(this.registry.url);
    // Before the replicas that ask through it: their calls end with it.
    this.#beside.unshift(() => relay.stop());
    return relay;
  }

  /** A request with these scopes. */
  as(scope = ALL_SCOPES, claims: object = {}) {
    const authorization = `Bearer ${tokenWith(scope, claims)}`;
    const agent = request(this.url);
    // Whatever a test asks, the answer is one that the document tells of.
    const send = (call: request.Test) => call.set({ authorization }).expect(assertDocumented);
    return {
      get: (route: string) => send(agent.get(route)),
      post: (route: string, body: object | string) =>
        send(agent.post(route)).set({ 'content-type': 'application/json' }).send(body),
      put: (route: string, body: object) => send(agent.put(route)).send(body),
      zip: (route: string, bytes: Uint8Array) =>
        send(agent.post(route))
          .set({ 'content-type': 'application/zip' })
          .send(Buffer.from(bytes) as never),
      form: (body: string, type = 'multipart/form-data; boundary=b') =>
        send(agent.post('/proof/upload'))
          .set({ 'content-type': type })
          .send(Buffer.from(body) as never),
      upload: (bytes: Uint8Array, field = 'file') =>
        send(agent.post('/proof/upload')).attach(field, Buffer.from(bytes), 'bundle.zip'),
    };
  }

  /** The example policy and lists, as an auditor publishes them. */
  async publish(): Promise<void> {
    const auditor = this.as();
    await auditor.post('/policy/compile', await readFile(examples('policies/lksg.v1.json'), 'utf8')).expect(200);
    for (const id of ['sanctions', 'jurisdictions']) await this.publishList(id, await readFile(examples(`${id}.csv`)));
  }

  async publishList(id: string, content: Buffer, as_of = AS_OF) {
    return this.as()
      .post('/lists', {
        id,
        kind: id === 'jurisdictions' ? 'jurisdictions' : 'sanctions',
        as_of,
        content: content.toString('base64'),
      })
      .expect(200);
  }

  /** The value of a line of /metrics. */
  async metric(line: string): Promise<number> {
    const { text } = await request(this.url).get('/metrics');
    const found = text.split('\n').find((other) => other.startsWith(`${line} `));
    return Number(found?.slice(line.length + 1));
  }

  /** With everything that was started beside it. */
  async stop(): Promise<void> {
    for (const stop of this.#beside) await stop();
    await this.service.stop();
    await this.registry.stop();
    await rm(this.directory, { recursive: true, force: true });
  }
}

export const statusOf = (report: { checks: { id: string; status: string }[] }, id: string) =>
  report.checks.find((check) => check.id === id)?.status;
export const failing = (report: { checks: { id: string; status: string }[] }) =>
  report.checks.filter(({ status }) => status === 'fail').map(({ id }) => id);
