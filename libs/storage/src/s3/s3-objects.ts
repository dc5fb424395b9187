import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type * as Sdk from '@aws-sdk/client-s3';
import type { S3Location } from '@cap/config';
import type { ByteRange } from '@cap/contracts';
import { CapError } from '@cap/core';
import { isMissing, isTransient, s3Error, statusOf } from './s3-errors.js';

/** What is put; a retry opens it again. */
export interface S3Content {
  open(): Readable;
  size: number;
  /** SHA-256 of all bytes; the store rejects any others. */
  sha256: Buffer;
}

export const bytesAsContent = (bytes: Buffer): S3Content => ({
  open: () => Readable.from([bytes], { objectMode: false }),
  size: bytes.length,
  sha256: createHash('sha256').update(bytes).digest(),
});

export interface S3Object {
  key: string;
  modified: Date;
}

/** Attempts for one request, the first included. */
const ATTEMPTS = 4;
const BACKOFF_MS = 100;
/** Time-outs: for connecting, and for a silent connection, ms. */
const CONNECT_MS = 3_000;
const SILENCE_MS = 60_000;

const silent = () => undefined;
const NO_LOGGER = { trace: silent, debug: silent, info: silent, warn: silent, error: silent };

/**
 * The objects of one bucket below one prefix. A 2xx answer of an object store means durable, and an object exists completely or
 * not at all. CapError storage.denied, storage.bucket, storage.unreachable, storage.full, storage.failed.
 */
export class S3Objects {
  private constructor(
    private readonly sdk: typeof Sdk,
    private readonly client: Sdk.S3Client,
    private readonly bucket: string,
    private readonly prefix: string,
  ) {}

  /** Sends no request yet. The SDK is only loaded here, so that the embedded profile does not pay for it. */
  static async open(place: S3Location): Promise<S3Objects> {
    const sdk = await import('@aws-sdk/client-s3');
    const { region, endpoint, access_key_id, secret_access_key, force_path_style } = place;
    const client = new sdk.S3Client({
      region,
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(force_path_style === undefined ? {} : { forcePathStyle: force_path_style }),
      ...(access_key_id === undefined || secret_access_key === undefined
        ? {}
        : { credentials: { accessKeyId: access_key_id, secretAccessKey: secret_access_key } }),
      maxAttempts: ATTEMPTS,
      requestHandler: { connectionTimeout: CONNECT_MS, socketTimeout: SILENCE_MS },
      // We send the SHA-256 ourselves, and hash what we read; fewer stores understand trailers.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      logger: NO_LOGGER,
    });
    return new S3Objects(sdk, client, place.bucket, place.prefix ?? '');
  }

  /** False if only a new object was to be created and one exists. */
  put(key: string, content: S3Content, { onlyNew = false } = {}): Promise<boolean> {
    return this.#ask(`can't put ${key}`, async () => {
      try {
        await this.#putPatiently(key, content, onlyNew);
        return true;
      } catch (error) {
        if (onlyNew && statusOf(error) === 412) return false;
        throw error;
      }
    });
  }

  /** An empty body for a range that begins after the end. */
  async get(key: string, range?: ByteRange): Promise<Readable | null> {
    const what = `can't get ${key}`;
    const body = await this.#ask(what, () => this.#get(key, range));
    if (body === null) return null;
    const passed = Readable.from(passing(body, what), { objectMode: false });
    passed.once('close', () => body.destroy()); // even if nobody reads it
    return passed;
  }

  size(key: string): Promise<number | null> {
    return this.#ask(`can't look at ${key}`, async () => {
      try {
        const head = await this.client.send(new this.sdk.HeadObjectCommand(this.#at(key)));
        return head.ContentLength ?? null;
      } catch (error) {
        if (isMissing(error)) return null;
        throw error;
      }
    });
  }

  /** False if there is nothing to copy. */
  copy(from: string, to: string): Promise<boolean> {
    return this.#ask(`can't copy ${from}`, async () => {
      const CopySource = `${this.bucket}/${this.prefix}${from}`.split('/').map(encodeURIComponent).join('/');
      try {
        await this.client.send(new this.sdk.CopyObjectCommand({ ...this.#at(to), CopySource }));
        return true;
      } catch (error) {
        if (isMissing(error)) return false;
        throw error;
      }
    });
  }

  /** Does nothing if it does not exist. */
  async remove(key: string): Promise<void> {
    await this.#ask(`can't remove ${key}`, () => this.client.send(new this.sdk.DeleteObjectCommand(this.#at(key))));
  }

  /** The objects whose keys begin with `start`, ordered; keys are without the prefix. */
  async *list(start: string): AsyncGenerator<S3Object> {
    let token: string | undefined;
    do {
      const request = { Bucket: this.bucket, Prefix: this.prefix + start, ContinuationToken: token };
      const page = await this.#ask("can't list its objects", () =>
        this.client.send(new this.sdk.ListObjectsV2Command(request)),
      );
      for (const { Key, LastModified } of page.Contents ?? [])
        if (Key !== undefined && LastModified !== undefined)
          yield { key: Key.slice(this.prefix.length), modified: LastModified };
      token = page.IsTruncated ? page.NextContinuationToken : undefined;
    } while (token !== undefined);
  }

  close(): void {
    this.client.destroy();
  }

  #at = (key: string) => ({ Bucket: this.bucket, Key: this.prefix + key });

  async #get(key: string, range: ByteRange | undefined): Promise<Readable | null> {
    const Range = range && `bytes=${range.first}-${range.last}`;
    try {
      const { Body } = await this.client.send(new this.sdk.GetObjectCommand({ ...this.#at(key), Range }));
      if (Body instanceof Readable) return Body;
      throw new CapError('storage.failed', `can't get ${key}: the object store gave no body`);
    } catch (error) {
      if (isMissing(error)) return null;
      if (statusOf(error) === 416) return Readable.from([]);
      throw error;
    }
  }

  /** The SDK does not retry a request whose body is a stream. */
  async #putPatiently(key: string, content: S3Content, onlyNew: boolean): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const Body = content.open();
      const request = {
        ...this.#at(key),
        Body,
        ContentLength: content.size,
        ChecksumSHA256: content.sha256.toString('base64'),
        ...(onlyNew ? { IfNoneMatch: '*' } : {}),
      };
      try {
        await this.client.send(new this.sdk.PutObjectCommand(request));
        return;
      } catch (error) {
        if (attempt === ATTEMPTS || !isTransient(error)) throw error;
        await sleep(BACKOFF_MS * 2 ** attempt * Math.random());
      } finally {
        Body.destroy();
      }
    }
  }

  async #ask<T>(what: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw s3Error(error, `bucket ${this.bucket}: ${what}`);
    }
  }
}

async function* passing(body: Readable, what: string): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    throw s3Error(error, what);
  }
}
