import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import type { FastifyRequest } from 'fastify';
import type { Config } from '@cap/config';
import type { CallContext } from '@cap/contracts';
import type { Digest } from '@cap/crypto';
import { CapError, isCapError, type JsonValue, parseJson } from '@cap/core';
import { type Inspection, inspectBundle } from '@cap/verify';
import { requesterOf, RegistryConnection, SharedQuota } from '@cap/service-kit';
import { bundleLimits } from '../verify/bundle-ref.js';
import type { BundleForm } from './form.js';
import { UploadQuota } from './quota.js';
import type { Uploaded } from './schemas.js';
import { withSpooledFile } from './spool.js';

/** A larger proof is stored and not sent back. */
const MAX_PROOF_BYTES = 10_000_000;

/** What a form may have beside the bundle: its fields, and the heads of its parts. */
const FORM_BYTES = 200_000;

/** A bundle that has been received completely. */
export interface SpooledBundle {
  /** SHA-256 of the bytes as received. */
  digest(): Promise<string>;
  /** Checks it against every rule of the container, then stores it. */
  store(context: CallContext): Promise<Uploaded>;
}

/** Receives a bundle: spools it to disk, checks the container, and only then stores it. */
@Injectable()
export class UploadService implements OnApplicationShutdown {
  readonly #quota: UploadQuota;
  readonly #slots: SharedQuota;
  readonly #limits: Config['limits'];
  readonly #spooling = new Set<Promise<unknown>>();

  constructor(
    config: ConfigService<Config, true>,
    private readonly registry: RegistryConnection,
  ) {
    this.#limits = config.get('limits', { infer: true });
    const { upload_quota_bytes, uploads_at_once, uploads_per_subject } = this.#limits;
    this.#quota = new UploadQuota(upload_quota_bytes);
    this.#slots = new SharedQuota(
      { total: uploads_at_once, perRequester: uploads_per_subject },
      {
        total: `${uploads_at_once} uploads are already in progress.`,
        perRequester: `${uploads_per_subject} uploads of this subject are already in progress.`,
      },
    );
  }

  /** Files of uploads that are cut off by the end of the service are still removed. */
  async onApplicationShutdown(): Promise<void> {
    await Promise.allSettled(this.#spooling);
  }

  /** Throws CapError request.too-large for a form of so many bytes that its bundle is too large, before it is read. */
  assertSize(formBytes: number): void {
    const { bundle_bytes } = this.#limits;
    if (formBytes > bundle_bytes + FORM_BYTES) throw tooLarge(bundle_bytes);
  }

  /** Runs `use` over the bundle once all of it is on disk here; it is gone from there afterwards. */
  async receive<T>(
    form: () => Promise<BundleForm>,
    request: FastifyRequest,
    use: (bundle: SpooledBundle) => Promise<T>,
  ): Promise<T> {
    const requester = requesterOf(request);
    this.#slots.acquire(requester, 1);
    try {
      const { subject } = request.principal!;
      this.#quota.assertRoom(subject, 0);
      return await this.#spool(await form(), subject, use);
    } finally {
      this.#slots.release(requester, 1);
    }
  }

  async #spool<T>(
    { bundle: part, end }: BundleForm,
    subject: string,
    use: (bundle: SpooledBundle) => Promise<T>,
  ): Promise<T> {
    const { bundle_bytes } = this.#limits;
    part.file.once('limit', () => part.file.destroy(tooLarge(bundle_bytes))); // its end may never come
    const spooled = withSpooledFile(part.file, async (file) => {
      if (part.file.truncated) throw tooLarge(bundle_bytes);
      await end();
      return use({ digest: () => digestOf(file), store: (context) => this.#store(file, subject, context) });
    });
    this.#spooling.add(spooled);
    try {
      return await spooled;
    } finally {
      this.#spooling.delete(spooled);
    }
  }

  async #store(file: string, subject: string, context: CallContext): Promise<Uploaded> {
    const inspection = await inspectBundle(file, { limits: bundleLimits(this.#limits), keepBytes: MAX_PROOF_BYTES });
    const giveBack = this.#quota.take(subject, inspection.sizeBytes);
    try {
      const { blob_id } = await this.registry.client.putBlob(createReadStream(file), 'upload', context);
      return describe(blob_id, inspection);
    } catch (error) {
      giveBack();
      throw error;
    }
  }
}

const tooLarge = (bytes: number) => new CapError('request.too-large', `A bundle has at most ${bytes} bytes.`);

async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('base64');
}

function describe(bundle_id: Digest, { sizeBytes, files, manifest: bytes, proof }: Inspection): Uploaded {
  const manifest = bytes && readManifest(bytes);
  const members = manifest !== null && typeof manifest === 'object' && !Array.isArray(manifest) ? manifest : {};
  return {
    bundle_id,
    manifest,
    proof_base64: proof?.toString('base64') ?? null,
    company_commitment_root: members.company_commitment_root ?? null,
    package_info: { size_bytes: sizeBytes, file_count: files.length, files },
  };
}

/** For display only; a verification reports what is wrong with it. */
function readManifest(bytes: Buffer): JsonValue {
  try {
    return parseJson(bytes, 'manifest');
  } catch (error) {
    if (isCapError(error)) return null;
    throw error;
  }
}
