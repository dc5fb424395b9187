import path from 'node:path';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type {
  CollectionResult,
  CollectRequest,
  EntryQuery,
  EntryRecord,
  ErasureReason,
  ErasureRecord,
  EventRequest,
  HeldEntries,
  ListRecord,
  Page,
  RetentionRequest,
  RetentionResult,
  PageRequest,
} from '@cap/contracts';
import { CapError, type JsonObject } from '@cap/core';
import { inclusionProof, inclusionProofIndexes } from '@cap/tlog/merkle';
import { FileBlobStore, FileCheckpointStore, RegistryData, RegistryReader } from '@cap/storage';
import { exists } from '../input.js';
import type { Registry, StoredPolicy } from './registry.js';

/** The files of a registry's data directory. */
export interface DataDirectory {
  database: string;
  blobs: string;
}

/** Throws CapError `file.missing` if there is no database in it. */
export async function dataDirectory(directory: string, option = '--data-dir'): Promise<DataDirectory> {
  const database = path.join(directory, 'registry.db');
  if (!(await exists(database)))
    throw new CapError('file.missing', `no such file: ${database}; ${option} names the directory that holds it`);
  return { database, blobs: path.join(directory, 'blobs') };
}

/** A registry's data directory: `registry.db`, `blobs/`, `checkpoints/`. */
export class DirectoryRegistry implements Registry {
  readonly #blobs: ReturnType<typeof FileBlobStore.readOnly>;
  readonly #checkpoints: FileCheckpointStore;
  #reader: Promise<RegistryReader> | undefined;
  /** Open for writing, which needs the directory to itself. */
  #owned: Promise<RegistryData> | undefined;

  private constructor(
    private readonly directory: string,
    private readonly files: DataDirectory,
  ) {
    this.#blobs = FileBlobStore.readOnly(files.blobs);
    this.#checkpoints = new FileCheckpointStore(path.join(directory, 'checkpoints'));
  }

  static async open(directory: string): Promise<DirectoryRegistry> {
    return new DirectoryRegistry(directory, await dataDirectory(path.resolve(directory)));
  }

  async head() {
    return (await this.#read()).totals();
  }

  async findPolicy(ref: string): Promise<StoredPolicy | null> {
    const found = await (await this.#read()).findPolicy(ref);
    return found && { ...found, document: JSON.parse(found.document) as JsonObject };
  }
  async listPolicies(page: PageRequest): Promise<Page<{ policy_id: string }>> {
    return (await this.#read()).listPolicies(page);
  }
  async findList(hash: string): Promise<ListRecord | null> {
    return (await this.#read()).findList(hash);
  }
  async findListContent(hash: string) {
    const found = await (await this.#read()).findList(hash);
    const body = found && (await this.#blobs.read(found.blob_id));
    return body && buffer(body);
  }
  async listLists(page: PageRequest): Promise<Page<ListRecord>> {
    return (await this.#read()).listLists(page);
  }
  async findEntry(id: string): Promise<EntryRecord | null> {
    return (await this.#read()).findEntry(id);
  }
  async listEntries({ cursor, limit, ...filter }: EntryQuery): Promise<Page<EntryRecord>> {
    return (await this.#read()).listEntries({ cursor, limit: Number(limit ?? 100) }, filter);
  }

  async putBlob(body: Readable) {
    return (await this.#own()).putBlob(body, { maxBytes: Number.MAX_SAFE_INTEGER, retain: 'keep' });
  }
  async findBlob(id: string) {
    const found = await (await this.#read()).findBlob(id);
    return found && this.#blobs.read(found.blob_id);
  }
  async findBlobSize(id: string) {
    return (await (await this.#read()).findBlob(id))?.size ?? null;
  }
  async listBlobs(page: PageRequest) {
    const { items, next_cursor } = await (await this.#read()).listBlobs(page);
    return { items: items.map(({ blob_id, size }) => ({ blob_id, size })), next_cursor };
  }

  async listEvents(from: number, limit: number) {
    return (await this.#read()).listEvents(from, limit);
  }
  async appendEvent({ event, details }: EventRequest) {
    return (await this.#own()).store.appendEvent(event, details);
  }
  async checkpoint() {
    const note = await this.#checkpoints.read((await (await this.#read()).epoch()).epoch);
    if (note !== null) return note;
    throw new CapError(
      'checkpoint.missing',
      `${this.directory}: its log has never been signed; start the registry once`,
    );
  }
  async inclusionProof(index: number, treeSize: number) {
    return inclusionProof(
      index,
      treeSize,
      await (await this.#read()).logHashes(inclusionProofIndexes(index, treeSize)),
    );
  }

  async collectBlobs(request: CollectRequest): Promise<CollectionResult> {
    return (await this.#own()).collect(request);
  }
  async setHold(entryOrBundle: string, held: boolean): Promise<HeldEntries> {
    return { items: await (await this.#own()).store.setLegalHold(entryOrBundle, held) };
  }
  async eraseBundle(entryOrBundle: string, reason: ErasureReason): Promise<ErasureRecord> {
    return (await this.#own()).eraseBundle(entryOrBundle, reason);
  }
  async applyRetention({ years, dry_run }: RetentionRequest): Promise<RetentionResult> {
    if (years === undefined)
      throw new CapError('option.missing', '--years is required with --data-dir: only a service knows its retention');
    return (await this.#own()).applyRetention(years, { dryRun: dry_run });
  }

  async close(): Promise<void> {
    for (const opened of [this.#reader, this.#owned]) await (await opened?.catch(() => undefined))?.close();
  }

  #read(): Promise<RegistryReader> {
    this.#reader ??= RegistryReader.open(this.files.database);
    return this.#reader;
  }

  /** Throws CapError `storage.owned` while a registry runs on the directory. Signs nothing: the registry does, once it runs again. */
  #own(): Promise<RegistryData> {
    this.#owned ??= RegistryData.open({ ...this.files, program: 'cap' });
    return this.#owned;
  }
}
