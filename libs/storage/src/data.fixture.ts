import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import Database from 'better-sqlite3';
import type { SnapshotRecord } from '@cap/contracts';
import { type Digest, sha3Text } from '@cap/crypto';
import type { RegistryStore } from './database/registry-store.js';
import { administer } from './database/postgres.fixture.js';
import {
  type RegistryVerification,
  verifyRegistry,
  type VerifyRegistryOptions,
  verifyScaleOut,
} from './fsck/verify-registry.js';
import { PROFILE, ScaleOutStores } from './profile.fixture.js';
import type { RegistryLocation } from './profiles.js';
import { RegistryData, type RegistryOptions } from './registry-data.js';
import type { S3Double } from './s3/s3-double.fixture.js';
import type { NewEntry, NewPolicy } from './records.js';

export const digestOf = (text: string): Digest => sha3Text(text);

/** With all of its store, of which other packages see DatabaseOperations alone. */
export type WholeRegistry = RegistryData & { readonly store: RegistryStore };

/** A registry's state of its own, in the profile of this run, with a directory beside it; a clock that stands still unless it is moved. */
export class DataDirectory {
  clock = new Date('2026-01-15T10:00:00.000Z');
  readonly #open: RegistryData[] = [];

  private constructor(
    readonly directory: string,
    private readonly shared: ScaleOutStores | null,
  ) {}

  static async make(): Promise<DataDirectory> {
    const directory = await mkdtemp(path.join(tmpdir(), 'cap-storage-'));
    return new DataDirectory(directory, PROFILE === 'scale-out' ? await ScaleOutStores.make() : null);
  }

  /** Another directory with the same files; of stores that are open elsewhere there is no copy. */
  async copy(): Promise<DataDirectory> {
    if (this.shared || this.#open.length > 0) throw new Error('only a closed directory of its own can be copied');
    const copy = await DataDirectory.make();
    await cp(this.directory, copy.directory, { recursive: true });
    return copy;
  }

  readonly at = (...parts: string[]): string => path.join(this.directory, ...parts);

  get place(): RegistryLocation {
    return this.shared?.place ?? { database: this.at('registry.db'), blobs: this.at('blobs') };
  }

  /** The object store of the scale-out profile. */
  get double(): S3Double {
    return this.shared!.double;
  }

  async open(options: Partial<RegistryOptions> = {}): Promise<WholeRegistry> {
    const data = await RegistryData.open({ ...this.place, program: 'cap-registry', now: () => this.clock, ...options });
    this.#open.push(data);
    return data as WholeRegistry;
  }

  async close(data: RegistryData): Promise<void> {
    this.#open.splice(this.#open.indexOf(data), 1);
    await data.close();
  }

  /** Derives everything again, in the stores themselves. */
  fsck(options: Pick<VerifyRegistryOptions, 'logKeys'> = {}): Promise<RegistryVerification> {
    if (!this.shared) return verifyRegistry(this.directory, options);
    return verifyScaleOut({ database: this.shared.database, s3: this.shared.double.place }, options);
  }

  /** Changes the database behind the service's back. */
  async tamper(sql: string): Promise<void> {
    if (this.shared) return void (await administer(this.shared.database, sql));
    const db = new Database(this.at('registry.db'));
    try {
      db.exec(sql);
    } finally {
      db.close();
    }
  }

  async isStored(id: string): Promise<boolean> {
    return this.shared ? this.shared.double.objects.has(keyOf(id)) : existsSync(this.at(keyOf(id)));
  }

  /** Takes a BLOB's bytes away. */
  async lose(id: string): Promise<void> {
    if (this.shared) this.shared.double.objects.delete(keyOf(id));
    else await rm(this.at(keyOf(id)));
  }

  /** Makes a BLOB, or what lies in the trash, as old as that. */
  async hasAge(id: string, hours: number, where: 'stored' | 'trash' = 'stored'): Promise<void> {
    const then = new Date(Date.now() - hours * 3_600_000);
    const name = where === 'stored' ? keyOf(id) : `${this.shared ? '' : 'blobs/.'}trash/${id.slice(2)}`;
    if (this.shared) this.shared.double.objects.get(name)!.modified = then;
    else await utimes(this.at(name), then, then);
  }

  async remove(): Promise<void> {
    for (const data of this.#open) await data.close();
    await this.shared?.remove();
    await rm(this.directory, { recursive: true, force: true });
  }
}

/** Where both profiles have a BLOB, below the data directory or the bucket's prefix. */
const keyOf = (id: string): string => `blobs/${id.slice(2, 4)}/${id.slice(4, 6)}/${id.slice(2)}`;

/** Fetches a snapshot into a directory as a backup would. */
export async function copySnapshot(data: RegistryData, directory: string): Promise<SnapshotRecord> {
  const snapshot = await data.createSnapshot();
  const database = await contentOf(await data.snapshots.database(snapshot.id));
  await mkdir(path.join(directory, 'blobs'), { recursive: true });
  await writeFile(path.join(directory, 'registry.db'), database);
  let cursor: string | undefined;
  do {
    const page = await data.snapshots.blobs(snapshot.id, { limit: 7, cursor });
    for (const { blob_id } of page.items) {
      const target = path.join(directory, 'blobs', blob_id.slice(2, 4), blob_id.slice(4, 6));
      await mkdir(target, { recursive: true });
      await writeFile(path.join(target, blob_id.slice(2)), await contentOf(await data['blobs'].read(blob_id)));
    }
    cursor = page.next_cursor ?? undefined;
  } while (cursor);
  await data.snapshots.release(snapshot.id);
  return snapshot;
}

export async function* pieces(...texts: (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

export const put = (data: RegistryData, text: string | Uint8Array, retain: 'upload' | 'keep' = 'upload') =>
  data.putBlob(pieces(text), { maxBytes: 1_000_000, retain });

export const contentOf = (stream: Readable | null): Promise<Buffer> => buffer(stream!);

export const entryOf = (bundle_id: Digest, more: Partial<NewEntry> = {}): NewEntry => ({
  bundle_id,
  manifest_hash: digestOf('manifest'),
  proof_hash: digestOf('proof'),
  policy_hash: digestOf('policy'),
  result: 'ok',
  report_hash: digestOf('report'),
  signer_kid: '00112233445566778899aabbccddeeff',
  company: 'ACME GmbH',
  ...more,
});

export const policyOf = (id: string, version: string, text = `{"id":"${id}","version":"${version}"}`): NewPolicy => ({
  policy_id: `${id}@${version}`,
  format: 'v2',
  id,
  version,
  policy_hash: digestOf(text),
  document: text,
  status: 'active',
});

/** Runs writer.fixture.ts in a process of its own; `lines` fills while it runs. */
export function startWriter(
  place: RegistryLocation,
  mode: 'hold' | 'write',
): { child: ChildProcess; lines: string[]; said: (count: number) => Promise<void> } {
  const here = import.meta.dirname;
  const child = spawn(
    process.execPath,
    [
      '--import',
      path.join(here, 'sources.fixture.mjs'),
      path.join(here, 'writer.fixture.ts'),
      JSON.stringify(place),
      mode,
    ],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const lines: string[] = [];
  let rest = '';
  let errors = '';
  let wake = () => {};
  child.stdout.on('data', (chunk: Buffer) => {
    const all = (rest + chunk.toString()).split('\n');
    rest = all.pop()!;
    lines.push(...all);
    wake();
  });
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const said = (count: number) =>
    new Promise<void>((resolve, reject) => {
      wake = () => lines.length >= count && resolve();
      child.on('exit', () => reject(new Error(`the process ended: ${errors}`)));
      wake();
    });
  return { child, lines, said };
}
