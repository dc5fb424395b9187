/** A registry as a process of its own, and the ledger of what it acknowledged: what the crash tests are about. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { expect } from '@jest/globals';
import { type EntryStored, RegistryClient, type TransportOptions } from '../libs/contracts/src/index.js';
import { isRemoteError, type JsonValue } from '../libs/core/src/index.js';
import { type Digest, streamingBlake3 } from '../libs/crypto/src/index.js';
import {
  type LogTrust,
  parseCheckpoint,
  parseReceipt,
  type SignedCheckpoint,
  verifyCheckpoint,
  verifyReceipt,
} from '../libs/tlog/src/index.js';
import { parseVerifierKey } from '../libs/tlog/src/notes.js';
import { verifyConsistency } from '../libs/tlog/src/merkle.js';
import { verifyRegistry } from '../libs/storage/src/index.js';
import { freePort, Service, type StartOptions } from '../scripts/local-stack.mjs';
import { temporaryDirectory } from './example-project.js';

const TOKENS = { verifier: 'verifier-token-0123456789', backup: 'backup-token-0123456789' };
const digest = (text: string): Digest => `0x${createHash('sha3-256').update(text).digest('hex')}`;

export class RegistryProcess {
  private constructor(
    readonly directory: string,
    readonly url: string,
  ) {}

  /** Its configuration; nothing runs yet. `data`: where it keeps its state. */
  static async prepare(options: { data?: string; limits?: object } = {}): Promise<RegistryProcess> {
    const directory = await temporaryDirectory();
    const bind = `127.0.0.1:${await freePort()}`;
    const made = new RegistryProcess(directory, `http://${bind}`);
    const data = options.data ?? made.at('data');
    await mkdir(data, { recursive: true });
    const tokens = Object.fromEntries(
      Object.entries(TOKENS).map(([name, token]) => [
        name,
        [`sha256:${createHash('sha256').update(token).digest('hex')}`],
      ]),
    );
    const registry = { bind, database: path.join(data, 'registry.db'), blobs: path.join(data, 'blobs'), tokens };
    await writeFile(made.config, JSON.stringify({ server: { log_level: 'warn' }, registry, limits: options.limits }));
    return made;
  }

  readonly at = (...parts: string[]): string => path.join(this.directory, ...parts);

  get config(): string {
    return this.at('app.yaml');
  }

  start(options: StartOptions & { bind?: string } = {}): Service {
    const elsewhere = options.bind === undefined ? [] : ['--bind', options.bind, '--management-bind', options.bind];
    return new Service('cap-registry', ['--config', this.config, ...elsewhere], this.url, options);
  }

  async started(options: StartOptions = {}): Promise<Service> {
    const service = this.start(options);
    await service.ready();
    return service;
  }

  client(options: Partial<TransportOptions> & { as?: keyof typeof TOKENS } = {}): RegistryClient {
    const { as = 'verifier', ...more } = options;
    return new RegistryClient({ url: this.url, token: TOKENS[as], retries: 0, ...more });
  }

  remove(): Promise<void> {
    return rm(this.directory, { recursive: true, force: true });
  }
}

/** What was answered with success, to be asked for again later. */
export class Ledger {
  readonly blobs = new Map<Digest, number>();
  readonly entries = new Map<string, EntryStored>();
  /** Calls that were not answered, or refused because of what the test does to the process. */
  unanswered = 0;

  /** An upload and its registration. False once the registry is gone. `tolerated`: codes of failures that are no fault of it. */
  async write(client: RegistryClient, body: Buffer, tolerated: readonly string[] = []): Promise<boolean> {
    try {
      const { blob_id, size } = await client.putBlob(body, 'upload');
      this.blobs.set(blob_id, size);
      const stored = await client.registerEntry(entryOf(blob_id));
      this.entries.set(stored.entry.entry_id, stored);
      return true;
    } catch (error) {
      if (!isRemoteError(error) || !['registry.unavailable', ...tolerated].includes(error.code)) throw error;
      this.unanswered++;
      return error.code !== 'registry.unavailable';
    }
  }

  /** Writes with several callers at once until the registry is gone or `enough` says so. */
  async writeUntil(client: RegistryClient, enough: () => boolean, callers = 8): Promise<void> {
    const one = async () => {
      while (!enough()) if (!(await this.write(client, randomBytes(100 + Math.floor(Math.random() * 40_000))))) return;
    };
    await Promise.all(Array.from({ length: callers }, one));
  }

  /** Asks a running registry for everything that is in here: same record, BLOB whole, receipt valid and of a tree that only grew. */
  async expectKept(client: RegistryClient): Promise<void> {
    const newest = await client.checkpoint();
    const trust: LogTrust = {
      logKeys: newest.verifier_keys.map((key) => parseVerifierKey(key)),
      witnessKeys: [],
      witnessThreshold: 0,
    };
    const trees = new Map<number, SignedCheckpoint>();
    for (const { entry, receipt } of this.entries.values()) {
      expect(await client.findEntry(entry.entry_id)).toEqual(entry);
      const { valid, event } = verifyReceipt(parseReceipt(receipt as JsonValue), trust);
      expect({ valid, seq: event?.seq, id: event?.details.entry_id }).toEqual({
        valid: true,
        seq: entry.log_index,
        id: entry.entry_id,
      });
      trees.set(receipt.tree_size, parseCheckpoint(receipt.checkpoint));
    }
    for (const [from, older] of trees) {
      const { to, proof, checkpoint } = await client.consistency({ from, to: newest.tree_size });
      const newer = parseCheckpoint(checkpoint);
      expect(verifyCheckpoint(newer, trust).failures).toEqual([]);
      const hashes = proof.map((hash) => Buffer.from(hash, 'base64'));
      const claim = { oldSize: from, newSize: to, oldRoot: older.root, newRoot: newer.root, proof: hashes };
      expect([from, verifyConsistency(claim)]).toEqual([from, true]);
    }
    for (const [id, size] of this.blobs) expect([id, await client.findBlobSize(id)]).toEqual([id, size]);
    const [some] = this.blobs.keys();
    if (some !== undefined)
      expect(await buffer((await client.findBlob(some))!.stream)).toHaveLength(this.blobs.get(some)!);
  }

  forget(): void {
    this.blobs.clear();
    this.entries.clear();
  }
}

export const entryOf = (bundle_id: Digest) => ({
  bundle_id,
  manifest_hash: digest('manifest'),
  proof_hash: digest('proof'),
  policy_hash: digest('policy'),
  result: 'ok' as const,
  report_hash: digest('report'),
  signer_kid: '00112233445566778899aabbccddeeff',
  company: 'ACME GmbH',
});

/** Nothing in a data directory is wrong, and no file has a BLOB's name that is not that BLOB, whether a row knows it or not. */
export async function expectSound(data: string): Promise<void> {
  const { ok, faults } = await verifyRegistry(data);
  expect({ ok, faults }).toEqual({ ok: true, faults: [] });
  const files = await readdir(path.join(data, 'blobs'), { recursive: true, withFileTypes: true });
  for (const file of files) {
    if (!file.isFile() || !/^[0-9a-f]{64}$/.test(file.name)) continue;
    const hash = await streamingBlake3();
    hash.update(await readFile(path.join(file.parentPath, file.name)));
    expect(hash.digest()).toBe(`0x${file.name}`);
  }
}

/** Half-written files. */
export async function leftovers(data: string): Promise<string[]> {
  const all = await readdir(data, { recursive: true }).catch(() => []);
  return all.filter((name) => path.basename(name).startsWith('.tmp-'));
}
