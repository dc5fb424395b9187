import { writeFile } from 'node:fs/promises';
import type { Digest } from '@cap/crypto';
import '../s3/one-realm.fixture.js';
import { DataDirectory, pieces } from '../data.fixture.js';
import { S3Double, type DoubleOptions } from '../s3/s3-double.fixture.js';
import { S3Objects } from '../s3/s3-objects.js';
import type { BlobStore } from '../stores.js';
import { FileBlobStore } from './file-blob-store.js';
import { S3BlobStore } from './s3-blob-store.js';

/** A BLOB store of one of the drivers, and a hand below it. */
export interface BlobPlace {
  store: BlobStore;
  /** The same place, opened anew. */
  reopen(): Promise<BlobStore>;
  /** Puts other bytes where a BLOB is. */
  overwrite(id: Digest, bytes: Uint8Array | string): Promise<void>;
  /** Everything that is there below the driver's names, for "nothing is left". */
  remove(): Promise<void>;
}

export interface FilePlace extends BlobPlace {
  directory: DataDirectory;
  fileOf(id: Digest): string;
}

export async function filePlace(): Promise<FilePlace> {
  const directory = await DataDirectory.make();
  const reopen = () => FileBlobStore.open(directory.at('blobs'));
  const fileOf = (id: Digest) => directory.at('blobs', id.slice(2, 4), id.slice(4, 6), id.slice(2));
  return {
    store: await reopen(),
    reopen,
    directory,
    fileOf,
    overwrite: (id, bytes) => writeFile(fileOf(id), bytes),
    remove: () => directory.remove(),
  };
}

export interface S3BlobPlace extends BlobPlace {
  double: S3Double;
  objects: S3Objects;
  keyOf(id: Digest): string;
}

export async function s3Place(options: DoubleOptions = {}): Promise<S3BlobPlace> {
  const double = await S3Double.start(options);
  const objects = await S3Objects.open({ ...double.place, prefix: 'cap/' });
  const keyOf = (id: Digest) => `cap/blobs/${id.slice(2, 4)}/${id.slice(4, 6)}/${id.slice(2)}`;
  return {
    store: new S3BlobStore(objects),
    reopen: () => Promise.resolve(new S3BlobStore(objects)),
    double,
    objects,
    keyOf,
    overwrite: (id, bytes) => {
      double.objects.set(keyOf(id), { body: Buffer.from(bytes), modified: new Date() });
      return Promise.resolve();
    },
    remove: async () => {
      objects.close();
      await double.stop();
    },
  };
}

export async function publish(store: BlobStore, ...texts: (string | Uint8Array)[]): Promise<Digest> {
  const spooled = await store.spool(pieces(...texts), 10_000_000);
  try {
    await spooled.publish();
  } catch (error) {
    await spooled.discard();
    throw error;
  }
  return spooled.blob_id;
}

export async function listed(ids: AsyncIterable<Digest>): Promise<Digest[]> {
  const all: Digest[] = [];
  for await (const id of ids) all.push(id);
  return all;
}
