import path from 'node:path';
import { type Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { type Config } from '@cap/config';
import { CapError, type JsonObject } from '@cap/core';
import { type BlobRecord, type EntryRecord } from '@cap/contracts';
import { ReferenceList } from '@cap/lists';
import { publishedList } from '@cap/verify';
import {
  FileBlobStore,
  RegistryData,
  type RegistryVerification,
  RegistryReader,
  verifyRegistry,
  type VerifyRegistryOptions,
  verifyScaleOut,
} from '@cap/storage';
import { type BlobSource } from '../blob/blob-source.js';
import { exists } from '../frame/input.js';
import { type EntrySource } from './entry-source.js';
import { type FsckOutcome } from './fsck.js';
import { type Held } from './held.js';
import { type Operations } from './operations.js';

/** A registry's data directory: `registry.db` and `blobs/`. Read beside a running registry without disturbing it. */
export interface DataDirectory {
  database: string;
  blobs: string;
}

export async function dataDirectory(directory: string): Promise<DataDirectory> {
  const database = path.join(directory, 'registry.db');
  if (!(await exists(database)))
    throw new CapError('file.missing', `no such file: ${database}; --data-dir names the directory that holds it`);
  return { database, blobs: path.join(directory, 'blobs') };
}

export async function openEntriesOf(directory: string): Promise<EntrySource> {
  const reader = await RegistryReader.open((await dataDirectory(directory)).database);
  return {
    list: async ({ cursor, limit, ...filter }) => reader.listEntries({ cursor, limit: Number(limit ?? 100) }, filter),
    find: (id) => reader.findEntry(id) as Promise<EntryRecord | null>,
    close: () => reader.close(),
  };
}

export async function openBlobsOf(directory: string): Promise<BlobSource> {
  const place = await dataDirectory(directory);
  const reader = await RegistryReader.open(place.database);
  const store = FileBlobStore.readOnly(place.blobs);
  return {
    put: (body) => putAsOwner(place, body),
    get: async (id) => ((await reader.findBlob(id)) === null ? null : store.read(id as `0x${string}`)),
    async *list() {
      let cursor: string | undefined;
      do {
        const page: Awaited<ReturnType<typeof reader.listBlobs>> = await reader.listBlobs({ cursor, limit: 1000 });
        yield* page.items.map(({ blob_id, size }) => ({ blob_id, size }));
        cursor = page.next_cursor ?? undefined;
      } while (cursor !== undefined);
    },
    close: () => reader.close(),
  };
}

export async function openHeldOf(directory: string): Promise<Held> {
  const place = await dataDirectory(directory);
  const reader = await RegistryReader.open(place.database);
  const store = FileBlobStore.readOnly(place.blobs);
  return {
    policy: async (hash) => {
      const found = await reader.findPolicy(hash);
      return found && { document: JSON.parse(found.document) as JsonObject, status: found.status };
    },
    list: async (hash) => {
      const found = await reader.findList(hash);
      const body = found && (await store.read(found.blob_id));
      return body && publishedList(found, new ReferenceList(await buffer(body)));
    },
    close: () => reader.close(),
  };
}

/** Writing needs the directory for itself: beside a running registry it is refused (busy). */
async function putAsOwner(place: DataDirectory, body: Readable): Promise<BlobRecord> {
  const registry = await RegistryData.open({ ...place, program: 'cap blob put' });
  try {
    return await registry.putBlob(body, { maxBytes: Number.MAX_SAFE_INTEGER, retain: 'keep' });
  } finally {
    await registry.close();
  }
}

/** Derives everything again from what is on disk, read only, beside a running registry too. */
export async function fsckOf(
  directory: string,
  options: Pick<VerifyRegistryOptions, 'logKeys' | 'onProgress'>,
): Promise<FsckOutcome> {
  return outcomeOf(await verifyRegistry(directory, { ...(await dataDirectory(directory)), ...options }));
}

function outcomeOf(found: RegistryVerification): FsckOutcome {
  const { log_size: events, entries, blobs, orphans, checkpoints, signatures_checked } = found;
  return {
    checked: { events, entries, blobs, checkpoints, orphans },
    signatures_checked,
    faults: found.faults.map(({ object, message }) => `${object}: ${message}`),
  };
}

/** The stores that a registry's configuration names, read-only. */
export async function fsckOfConfigured(
  { registry: { database, blobs } }: Config,
  options: Pick<VerifyRegistryOptions, 'logKeys' | 'onProgress'>,
): Promise<FsckOutcome> {
  if (typeof blobs !== 'string') return outcomeOf(await verifyScaleOut({ database, ...blobs }, options));
  return outcomeOf(await verifyRegistry(path.dirname(path.resolve(database)), { database, blobs, ...options }));
}

/** Needs the directory for itself. Signs nothing: the registry does so once it runs again. */
export async function operateOn(directory: string): Promise<Operations> {
  const registry = await RegistryData.open({ ...(await dataDirectory(directory)), program: 'cap' });
  return {
    collect: ({ grace_hours, dry_run }) =>
      registry.collect({ graceMs: grace_hours === undefined ? undefined : grace_hours * 3_600_000, dryRun: dry_run }),
    setHold: async (id, held) => ({ items: await registry.store.setLegalHold(id, held) }),
    erase: (id, reason) => registry.eraseBundle(id, reason),
    applyRetention: ({ years, dry_run }) => {
      if (years === undefined)
        throw new CapError('option.missing', '--years is needed: no service is asked that knows its retention');
      return registry.applyRetention(years, { dryRun: dry_run });
    },
    close: () => registry.close(),
  };
}
