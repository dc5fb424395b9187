import { createReadStream } from 'node:fs';
import { type MultipartFile } from '@fastify/multipart';
import { Inject, Injectable } from '@nestjs/common';
import { type Config } from '@cap/config';
import { type CallContext } from '@cap/contracts';
import { isCapError, type JsonValue, parseJson } from '@cap/crypto';
import { type Inspection, inspectBundle } from '@cap/proof';
import { CONFIG, type Principal, ProblemError } from '@cap/service-kit';
import { bundleLimits } from '../verify/bundles.js';
import { RegistryConnection } from '../registry/connection.js';
import { UploadQuota } from './quota.js';
import { withSpooledFile } from './spool.js';

/** A larger proof is stored and not sent back. */
const MAX_PROOF_BYTES = 10_000_000;

export interface Uploaded {
  bundle_id: string;
  /** Null if the bundle has none that is JSON. */
  manifest: JsonValue;
  proof_base64: string | null;
  company_commitment_root: JsonValue;
  package_info: { size_bytes: number; file_count: number; files: { name: string; size: number }[] };
}

/** Takes a bundle in: spooled to disk, held to every rule of the container, only then stored. */
@Injectable()
export class UploadService {
  readonly #quota: UploadQuota;
  #spooling = 0;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(RegistryConnection) private readonly registry: RegistryConnection,
  ) {
    this.#quota = new UploadQuota(config.limits.upload_quota_bytes);
  }

  async receive(part: MultipartFile, { subject }: Principal, context: CallContext): Promise<Uploaded> {
    const { uploads_at_once, bundle_bytes } = this.config.limits;
    if (this.#spooling >= uploads_at_once)
      throw new ProblemError('overloaded', `${uploads_at_once} bundles are being received already.`);
    this.#quota.assertRoom(subject, 0);
    this.#spooling++;
    try {
      return await withSpooledFile(part.file, async (file) => {
        if (part.file.truncated)
          throw new ProblemError('request.too-large', `A bundle has at most ${bundle_bytes} bytes.`);
        const inspection = await inspectBundle(file, {
          limits: bundleLimits(this.config),
          keepBytes: MAX_PROOF_BYTES,
        });
        this.#quota.assertRoom(subject, inspection.sizeBytes);
        const { blob_id } = await this.registry.client.putBlob(createReadStream(file), 'upload', context);
        this.#quota.count(subject, inspection.sizeBytes);
        return describe(blob_id, inspection);
      });
    } finally {
      this.#spooling--;
    }
  }
}

function describe(bundle_id: string, { sizeBytes, files, manifest: bytes, proof }: Inspection): Uploaded {
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

/** Only shown here; what is wrong with it is said by the verdict. */
function readManifest(bytes: Buffer): JsonValue {
  try {
    return parseJson(bytes, 'manifest');
  } catch (error) {
    if (isCapError(error)) return null;
    throw error;
  }
}
