import { createHash } from 'node:crypto';
import { type FileHandle, open, statfs, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { ByteRange } from '@cap/contracts';
import { type Digest, isDigest } from '@cap/crypto';
import { isCapError } from '@cap/core';
import { temporaryName } from '@cap/core/files';
import { bytesAsContent, type S3Content, type S3Objects } from '../s3/s3-objects.js';
import { asStorageError } from '../storage-errors.js';
import type { BlobStore, SpooledBlob } from '../stores.js';
import { blobName, blobOfName, hexOf } from './blob-name.js';
import { receive } from './receive.js';
import { verified } from './verified.js';

const BLOBS = 'blobs/';
const TRASH = 'trash/';
/** freeBytes() writes it each time, under one name, so that nothing piles up. */
const PROBE = 'probe';
const PIECE = 65_536;

const keyOf = (id: Digest): string => BLOBS + blobName(id);
const trashKeyOf = (id: Digest): string => TRASH + hexOf(id);

/**
 * BLOBs as objects `blobs/ab/cd/<64 hex digits>` of a bucket. Spooling writes to a local file that has no name, so that nothing
 * is left of it however the process ends; publishing puts it, unless there is an object already, which is then read, and replaced
 * if it is not this BLOB.
 */
export class S3BlobStore implements BlobStore {
  constructor(private readonly objects: S3Objects) {}

  async spool(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<SpooledBlob> {
    return asStorageError("can't store a BLOB", async () => {
      const handle = await openNameless(tmpdir());
      const hash = createHash('sha256');
      try {
        const received = await receive(body, handle, maxBytes, (piece) => hash.update(piece));
        const content: S3Content = {
          open: () => Readable.from(bytesOf(handle), { objectMode: false }),
          size: received.size,
          sha256: hash.digest(),
        };
        const discard = () => handle.close();
        const publish = () => this.#publish(received.blob_id, content).then(discard);
        return { ...received, publish, discard };
      } catch (error) {
        await handle.close();
        throw error;
      }
    });
  }

  async size(id: Digest): Promise<number | null> {
    return this.objects.size(keyOf(id));
  }

  async read(id: Digest, range?: ByteRange): Promise<Readable | null> {
    const object = await this.objects.get(keyOf(id), range);
    if (object === null || range) return object;
    const body = Readable.from(verified(object, id), { objectMode: false });
    body.once('close', () => object.destroy()); // even if nobody reads it
    return body;
  }

  async remove(id: Digest): Promise<void> {
    await this.objects.remove(keyOf(id));
  }

  async *list(publishedBefore?: Date): AsyncIterable<Digest> {
    for await (const { key, modified } of this.objects.list(BLOBS)) {
      const id = blobOfName(key.slice(BLOBS.length));
      if (id !== null && (!publishedBefore || modified < publishedBefore)) yield id;
    }
  }

  async trash(id: Digest): Promise<void> {
    if (await this.objects.copy(keyOf(id), trashKeyOf(id))) await this.objects.remove(keyOf(id));
  }

  async restore(id: Digest): Promise<boolean> {
    if (!(await this.objects.copy(trashKeyOf(id), keyOf(id)))) return false;
    await this.objects.remove(trashKeyOf(id));
    return true;
  }

  async *listTrash(trashedBefore?: Date): AsyncIterable<Digest> {
    for await (const { key, modified } of this.objects.list(TRASH)) {
      const id = `0x${key.slice(TRASH.length)}`;
      if (isDigest(id) && (!trashedBefore || modified < trashedBefore)) yield id;
    }
  }

  async purgeTrash(before: Date): Promise<number> {
    let purged = 0;
    for await (const { key, modified } of this.objects.list(TRASH)) {
      if (modified >= before) continue;
      await this.objects.remove(key);
      purged++;
    }
    return purged;
  }

  /** Bytes free for spooling; a bucket has no limit. */
  async freeBytes(): Promise<number> {
    await this.objects.put(PROBE, bytesAsContent(Buffer.from('x')));
    const { bavail, bsize } = await statfs(tmpdir());
    return bavail * bsize;
  }

  async #publish(id: Digest, content: S3Content): Promise<void> {
    if (await this.objects.put(keyOf(id), content, { onlyNew: true })) return;
    if (!(await this.#isWhole(id))) await this.objects.put(keyOf(id), content);
  }

  /** Reads it: the checksum that a store keeps is of what was put, not of what is there now. */
  async #isWhole(id: Digest): Promise<boolean> {
    try {
      const body = await this.read(id);
      if (body === null) return false;
      await finished(body.resume());
      return true;
    } catch (error) {
      if (isCapError(error) && error.code === 'blob.corrupt') return false;
      throw error;
    }
  }
}

async function openNameless(directory: string): Promise<FileHandle> {
  const file = temporaryName(directory);
  const handle = await open(file, 'wx+', 0o600);
  await unlink(file);
  return handle;
}

/** From the first byte, as often as needed; a read stream of the handle would close it. */
async function* bytesOf(handle: FileHandle): AsyncGenerator<Uint8Array> {
  for (let position = 0; ;) {
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(PIECE), 0, PIECE, position);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
    position += bytesRead;
  }
}
