import { buffer } from 'node:stream/consumers';
import { CapError } from '@cap/core';
import type { Config } from '@cap/config';
import type { CallContext, RegistryClient } from '@cap/contracts';
import { blake3Text, type Digest, sha256 } from '@cap/crypto';
import { type Bundle, type BundleLimits, readBundle } from '@cap/proof/bundle';
import { bundleFromContext } from '@cap/verify';
import type { VerifyBody } from './schemas.js';

export const bundleLimits = (limits: Config['limits']): BundleLimits => ({
  bundleBytes: limits.bundle_bytes,
  entries: limits.zip_entries,
  unpackedBytes: limits.unpacked_bytes,
  ratio: limits.ratio,
});

/** The bundle of a request. It is read only if its verdict is not known already. */
export interface BundleRef {
  /** Names its bytes in the result cache; null for a bundle in context form, which has no bytes of its own. */
  readonly cacheKey: string | null;
  /** Its BLOB id; null in context form. */
  id(): Digest | null;
  read(context: CallContext): Promise<Bundle>;
  /** Makes sure that the registry has the bytes, so that an entry can refer to them. */
  store(context: CallContext): Promise<void>;
}

export function zipBundle(bytes: Buffer, limits: BundleLimits, registry: RegistryClient): BundleRef {
  return {
    // Three times as fast as the BLOB id, which only a bundle that is read needs.
    cacheKey: sha256(bytes).toString('base64'),
    id: () => blake3Text(bytes),
    read: () => readBundle(bytes, { limits }),
    async store(context) {
      await registry.putBlob(bytes, 'upload', context);
    },
  };
}

/** A bundle of the BLOB store. `hold` reserves memory for the bytes before they are read, and may refuse. */
export function storedBundle(
  id: Digest,
  limits: BundleLimits,
  registry: RegistryClient,
  hold: (bytes: number) => void,
): BundleRef {
  return {
    cacheKey: id,
    id: () => id,
    async read(context) {
      const download = await registry.findBlob(id, undefined, context);
      if (!download)
        throw new CapError(
          'bundle.unknown',
          `There is no bundle ${id}: it was never uploaded, or its upload has expired.`,
        );
      try {
        hold(download.size);
      } catch (error) {
        download.stream.on('error', () => undefined).destroy();
        throw error;
      }
      const bytes = await buffer(download.stream);
      if (blake3Text(bytes) !== id)
        throw new CapError('registry.unavailable', `The registry returned wrong bytes for ${id}.`);
      return readBundle(bytes, { limits, bundleId: id });
    },
    store: async () => undefined,
  };
}

export function contextBundle(context: NonNullable<VerifyBody['context']>): BundleRef {
  return {
    cacheKey: null,
    id: () => null,
    read: async () => bundleFromContext(context),
    store: async () => undefined,
  };
}
