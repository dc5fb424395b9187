/** The seams between the storage profiles: BLOBs and checkpoints are in files or in a bucket. A promise of a write resolves only once the write is durable. */
import type { Readable } from 'node:stream';
import type { ByteRange } from '@cap/contracts';
import type { Digest } from '@cap/crypto';

/** The newest signed checkpoint of each epoch, kept outside of the database so that a log that was cut or rewritten is found. */
export interface CheckpointStore {
  read(epoch: number): Promise<string | null>;
  /** Replaces the epoch's note; durable once resolved. */
  write(epoch: number, note: string): Promise<void>;
  /** Ascending. */
  epochs(): Promise<number[]>;
}

/** Bytes that are on the local disk, hashed, but have no name in the store yet. Ends with exactly one of publish and discard. */
export interface SpooledBlob {
  blob_id: Digest;
  size: number;
  /** Durable once resolved. */
  publish(): Promise<void>;
  discard(): Promise<void>;
}

/**
 * BLOBs are written once, named by the BLAKE3 of their bytes. Garbage collection (`collect`, the route `gc`) deletes in two
 * steps what no record needs any more: it moves orphans to the trash, and purges from it what has been there long enough.
 */
export interface BlobStore {
  /** CapError request.too-large above maxBytes; what was received is gone then, as after an error of the body. */
  spool(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<SpooledBlob>;
  size(id: Digest): Promise<number | null>;
  /**
   * The bytes, hashed again on the way: a BLOB that has changed ends in CapError blob.corrupt before its last piece.
   * A part (range) can't be checked against the name; whoever puts parts together hashes the whole.
   */
  read(id: Digest, range?: ByteRange): Promise<Readable | null>;
  /** Deletes it at once and for good. */
  remove(id: Digest): Promise<void>;
  /** Ids in ascending order, without the trash; with a moment only those that were last published before it. */
  list(publishedBefore?: Date): AsyncIterable<Digest>;
  /** The first step of deleting: it is unknown from now on, but can be brought back. Nothing happens if it is not there. */
  trash(id: Digest): Promise<void>;
  /** Takes it back from the trash; false if it is not there. */
  restore(id: Digest): Promise<boolean>;
  listTrash(trashedBefore?: Date): AsyncIterable<Digest>;
  /** The second step: what came to the trash before this moment is deleted. Returns how many. */
  purgeTrash(before: Date): Promise<number>;
  /** Bytes that are free. Throws what keeps the store from being written. */
  freeBytes(): Promise<number>;
}
