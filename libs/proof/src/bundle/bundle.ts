import type { Digest } from '@cap/crypto';
import type { JsonValue } from '@cap/core';

/** Names that `files` of _meta.json never lists. */
export const META_FILE = '_meta.json';
export const SIGNATURES_FILE = 'signatures.json';
const TIMESTAMP_FILE = 'timestamp.tsr';
export const UNLISTED_FILES: ReadonlySet<string> = new Set([META_FILE, SIGNATURES_FILE, TIMESTAMP_FILE]);

/** A bundle whose container could be read. Nothing in it has been verified yet. */
export interface Bundle {
  /** `0x` + BLAKE3 of the zip bytes; null if it came as a directory or in context form. */
  bundleId: Digest | null;
  /** `legacy`: written by the older program (cap-bundle.v1, or just manifest.json and proof.dat). */
  generation: 'current' | 'legacy';
  /** Raw bytes by name, _meta.json and signatures.json included. */
  files: ReadonlyMap<string, Buffer>;
  /** The parsed _meta.json; null for a legacy bundle without one. */
  meta: JsonValue;
  /** False in context form: there, listed files may be absent. */
  complete: boolean;
}

/**
 * The largest JSON file that is parsed, proofs aside: far above what 10 000 files or commitments need. A larger one is
 * only meant to keep the parser busy.
 */
export const MAX_JSON_BYTES = 4_000_000;

/** Bounds on a container, measured on actual bytes. */
export interface BundleLimits {
  /** Bytes of the zip itself. */
  bundleBytes: number;
  entries: number;
  /** Bytes of all entries together, unpacked. */
  unpackedBytes: number;
  /** Unpacked bytes for each packed byte, for every entry by itself. */
  ratio: number;
}

export const DEFAULT_BUNDLE_LIMITS: BundleLimits = {
  bundleBytes: 100_000_000,
  entries: 10_000,
  unpackedBytes: 500_000_000,
  ratio: 100,
};
