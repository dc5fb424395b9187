import { generateKeyPairSync } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import tar from 'tar-stream';
import { blake3Text, type Digest, sha3Text } from '@cap/crypto';
import { generateKey, type SigningKey } from '@cap/crypto/key-files';
import { RegistryData } from '@cap/storage';
import { PAYLOAD_TYPES, signDetached } from './archive/signature.js';
import { signatureFileOf } from './archive/verify.js';
import type { CreateOptions } from './create.js';
import { dataDirectorySource } from './snapshot-source.js';
import { BackupTarget } from './target/backup-target.js';

/** Signs the log of every world. */
export const LOG_KEY = generateKeyPairSync('ed25519').privateKey;
export const NOW = new Date('2026-01-15T02:00:00.000Z');

/** A real registry with entries, directories of keys, configuration and certificates, a signing key, a target. */
export class World {
  private constructor(
    readonly directory: string,
    readonly data: RegistryData,
    readonly signer: SigningKey,
  ) {}

  static async make({ entries = 3 } = {}): Promise<World> {
    const directory = await mkdtemp(path.join(tmpdir(), 'cap-backup-'));
    const at = (...parts: string[]) => path.join(directory, ...parts);
    const data = await RegistryData.open({
      database: at('data', 'registry.db'),
      blobs: at('data', 'blobs'),
      program: 'cap-registry',
      now: () => NOW,
      log: { origin: 'log.example/cap', keys: [LOG_KEY] },
    });
    const signer = await generateKey(at('signing'), {
      owner: 'backup worker',
      validFrom: new Date('2026-01-01T00:00:00Z'),
      validDays: 365,
      usage: ['backup'],
    });
    const files: Record<string, string> = {
      'keys/a.key': 'PRIVATE',
      'keys/a.pub': 'PUBLIC',
      'config/app.yaml': 'server:\n  log_level: info\n',
      'config/registry.yaml': 'registry:\n  token: abcdefghijklmnop\n',
      'config/certs/server.crt': '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n',
      'config/certs/server.key': '-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n',
      'config/Übersicht.md': 'Wo was liegt\n',
    };
    for (const [name, content] of Object.entries(files)) {
      await mkdir(path.dirname(at('etc', name)), { recursive: true });
      await writeFile(at('etc', name), content);
    }
    const world = new World(directory, data, signer);
    await world.register(entries);
    return world;
  }

  readonly at = (...parts: string[]): string => path.join(this.directory, ...parts);
  readonly target = () => new BackupTarget(this.at('backups'));

  /** Registers entries, each with a BLOB of its own. */
  async register(count: number, size = 2_000): Promise<void> {
    for (let i = 0; i < count; i++) {
      const { log_size } = await this.data.store.totals();
      const bytes = Buffer.alloc(size, `bundle ${log_size} `);
      const { blob_id } = await this.data.putBlob(pieces(bytes), { maxBytes: 100_000_000, retain: 'upload' });
      await this.data['database'].registerEntry({
        bundle_id: blob_id,
        manifest_hash: sha3Text('manifest'),
        proof_hash: sha3Text('proof'),
        policy_hash: sha3Text('policy'),
        result: 'ok',
        report_hash: sha3Text(`report ${log_size}`),
        signer_kid: null,
        company: 'ACME GmbH',
      });
    }
  }

  options(more: Partial<CreateOptions> = {}): CreateOptions {
    return {
      source: dataDirectorySource(this.data),
      target: this.target(),
      sources: { keys: this.at('etc/keys'), config: this.at('etc/config'), certs: this.at('etc/config/certs') },
      signer: this.signer,
      allowPlaintextKeys: false,
      recipients: [],
      version: '0.1.0',
      now: NOW,
      ...more,
    };
  }

  async end(): Promise<void> {
    await this.data.close();
    await rm(this.directory, { recursive: true, force: true });
  }
}

export async function* pieces(...all: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* all;
}

/** A source that gives what `change` makes of the bytes of every BLOB. */
export function changedBlobs(
  source: CreateOptions['source'],
  change: (bytes: Uint8Array) => Uint8Array,
): CreateOptions['source'] {
  return {
    ...source,
    async *blob(id, blobId) {
      for await (const chunk of source.blob(id, blobId)) yield change(chunk);
    },
  };
}

/** Every regular file below a directory: relative path -> hash. */
export async function treeOf(directory: string): Promise<Record<string, Digest>> {
  const tree: Record<string, Digest> = {};
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) {
      const file = path.join(entry.parentPath, entry.name);
      tree[path.relative(directory, file)] = blake3Text(await readFile(file));
    }
  return tree;
}

export const exists = (file: string): Promise<boolean> =>
  stat(file).then(
    () => true,
    () => false,
  );

export interface ForgedEntry {
  name: string;
  body?: Uint8Array | string;
  type?: tar.Header['type'];
  linkname?: string;
}

/** An archive as somebody with a signing key, or without one, could make it by hand. */
export async function forge(
  file: string,
  {
    entries,
    manifest = {},
    signer,
    sign = 'manifest',
    after = [],
  }: {
    entries: ForgedEntry[];
    /** Members that differ from an honest manifest of the entries. */
    manifest?: Record<string, unknown>;
    signer: SigningKey;
    /** What the signature covers; null leaves it out. */
    sign?: keyof typeof PAYLOAD_TYPES | null;
    /** Entries behind the signature. */
    after?: ForgedEntry[];
  },
): Promise<void> {
  const bytesOf = ({ body = '' }: ForgedEntry) => Buffer.from(body);
  const stated = Buffer.from(
    JSON.stringify({
      schema: 'cap-backup.v1',
      created_at: '2026-01-15T02:00:00Z',
      log_size: 0,
      head_digest: `0x${'0'.repeat(64)}`,
      epoch: 1,
      checkpoint: null,
      versions: { cap: '0.1.0' },
      incomplete: [],
      files: entries.map((entry) => ({
        path: entry.name,
        size: bytesOf(entry).length,
        sha3_256: sha3Text(bytesOf(entry)),
      })),
      ...manifest,
    }),
  );
  const all: ForgedEntry[] = [...entries, { name: 'manifest.json', body: stated }];
  if (sign) {
    const signature = signDetached(PAYLOAD_TYPES[sign], stated, signer);
    all.push({ name: 'manifest.json.sig', body: Buffer.from(JSON.stringify(signatureFileOf(signature))) });
  }
  const pack = tar.pack();
  for (const entry of [...all, ...after]) {
    const { name, type = 'file', linkname } = entry;
    if (type === 'file') pack.entry({ name, type }, bytesOf(entry));
    else pack.entry({ name, type, ...(linkname ? { linkname } : {}) });
  }
  pack.finalize();
  await writeFile(file, gzipSync(await buffer(pack), { level: 1 }));
}
