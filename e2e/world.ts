/** What the end-to-end suites start from: the example project, proved and signed once, and a stack of real processes. */
import { cp, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { capOk, prepareStack, stopAll, type Service, type Stack } from '../scripts/local-stack.mjs';
import {
  AS_OF,
  buildManifest,
  copyProject,
  example,
  POLICY,
  type Project,
  temporaryDirectory,
} from './example-project.js';

/** Another bundle of the same project, e.g. with a mock proof or a nonce. */
export async function proveAgain(project: Project, name: string, ...proveArguments: string[]): Promise<string> {
  return proveCopy(project, await copyOf(project, name), name, proveArguments);
}

/** A zero-knowledge bundle of the same lists. */
export async function proveColumns(project: Project, name: string, ...proveArguments: string[]): Promise<string> {
  const copy = await copyOf(project, name);
  await buildManifest(copy, 'kzg-columns');
  return proveCopy(project, copy, name, proveArguments);
}

async function copyOf(project: Project, name: string): Promise<string> {
  const copy = project.at(`project-${name}`);
  await cp(project.at('project'), copy, { recursive: true });
  return copy;
}

async function proveCopy(project: Project, copy: string, name: string, proveArguments: string[]): Promise<string> {
  await capOk(['prove', '--project', copy, ...proveArguments]);
  const out = project.at(`${name}.zip`);
  await capOk(['bundle', 'create', '--project', copy, '--key', project.kid, '--out', out]);
  return out;
}

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  // The body is JSON of many shapes; each test states what it expects of it.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  body: any;
}

export async function call(url: string, init: RequestInit & { token?: string } = {}): Promise<Answer> {
  const { token, ...rest } = init;
  const answer = await fetch(url, {
    ...rest,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(rest.headers as Record<string, string>),
    },
    signal: AbortSignal.timeout(60_000),
  });
  const text = await answer.text();
  return {
    status: answer.status,
    headers: answer.headers,
    text,
    body: /json/.test(answer.headers.get('content-type') ?? '') ? JSON.parse(text) : null,
  };
}

export const postJson = (url: string, token: string | undefined, body: unknown, headers: Record<string, string> = {}) =>
  call(url, {
    method: 'POST',
    ...(token === undefined ? {} : { token }),
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });

export const postZip = (url: string, token: string | undefined, zip: Uint8Array) =>
  call(url, {
    method: 'POST',
    ...(token === undefined ? {} : { token }),
    headers: { 'content-type': 'application/zip' },
    body: Buffer.from(zip),
  });

export const upload = (stack: Stack, token: string, zip: Uint8Array) => {
  const form = new FormData();
  form.append('file', new Blob([Buffer.from(zip)], { type: 'application/zip' }), 'bundle.zip');
  return call(`${stack.verifierUrl}/proof/upload`, { method: 'POST', token, body: form });
};

/** Registry and verifier API up, with the example policy and lists published. */
export class World {
  readonly services: Service[] = [];
  constructor(
    readonly project: Project,
    readonly stack: Stack,
    readonly token: string,
  ) {}

  /** `verifier`: more arguments for the verifier API. */
  static async start({ verifier, ...options }: { logLevel?: string; verifier?: string[] } = {}): Promise<World> {
    const directory = await temporaryDirectory();
    const project = await copyProject(directory);
    const stack = await prepareStack(path.join(directory, 'stack'), { trust: project.trust, ...options });
    const world = new World(project, stack, await stack.token('verify:read registry:write policy:write'));
    try {
      await world.up(stack.start.registry());
      await world.up(stack.start.verifier(verifier ? { args: verifier } : {}));
      await world.publish();
      return world;
    } catch (error) {
      await world.end();
      throw error;
    }
  }

  async up(service: Service): Promise<Service> {
    this.services.push(service);
    await service.ready();
    return service;
  }

  async publish() {
    const stored = await call(`${this.stack.verifierUrl}/policy/compile`, {
      method: 'POST',
      token: this.token,
      headers: { 'content-type': 'application/json' },
      body: await readFile(POLICY),
    });
    if (stored.status !== 200) throw new Error(`policy not stored: ${stored.text}`);
    for (const [id, file] of [
      ['sanctions', 'sanctions.csv'],
      ['jurisdictions', 'jurisdictions.csv'],
    ] as const)
      await capOk(['lists', 'publish', '--url', this.stack.verifierUrl, '--id', id, '--as-of', AS_OF, example(file)], {
        env: { CAP_TOKEN: this.token },
      });
  }

  bundleBytes = () => readFile(this.project.bundle);

  async end() {
    await stopAll([...this.services].reverse()).finally(() =>
      rm(this.project.directory, { recursive: true, force: true }),
    );
  }
}
