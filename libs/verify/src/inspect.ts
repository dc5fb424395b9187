import type { JsonValue } from '@cap/core';
import {
  DEFAULT_BUNDLE_LIMITS,
  type Bundle,
  type BundleLimits,
  type BundleMeta,
  orderUnits,
  type UnitFiles,
  parseMeta,
  readMeta,
} from '@cap/proof/bundle';
import { withFileSource, unpack, unpackStreaming, readZipDirectory } from '@cap/proof/zip';
import { parseLegacyMeta, PAIR } from './legacy/meta.js';

/** The contents of an uploaded container, unverified. */
export interface Inspection {
  sizeBytes: number;
  generation: Bundle['generation'];
  /** Unpacked sizes in bytes, in the zip's order. */
  files: { name: string; size: number }[];
  meta: JsonValue;
  /** Null if there is none, or if it is larger than asked for. */
  manifest: Buffer | null;
  proof: Buffer | null;
}

/**
 * Checks a zip file against every rule of the container, as readBundle does, but block by block: memory stays bounded by
 * `keepBytes` whatever the size. Throws CapError like readBundle.
 */
export function inspectBundle(
  file: string,
  { limits = DEFAULT_BUNDLE_LIMITS, keepBytes = 10_000_000 }: { limits?: BundleLimits; keepBytes?: number } = {},
): Promise<Inspection> {
  return withFileSource(file, async (source) => {
    const entries = readZipDirectory(source, limits);
    const { generation, meta } = readMeta(entries, (entry) => unpack(source, entry));
    const names = mainFiles(meta);
    const kept = new Map<string, Buffer>();
    for (const entry of entries) {
      const keep = (entry.name === names.manifest || entry.name === names.proof) && entry.size <= keepBytes;
      const blocks: Buffer[] = [];
      await unpackStreaming(source, entry, (block) => void (keep && blocks.push(block)));
      if (keep) kept.set(entry.name, Buffer.concat(blocks));
    }
    return {
      sizeBytes: source.size,
      generation,
      files: entries.map(({ name, size }) => ({ name, size })),
      meta,
      manifest: kept.get(names.manifest) ?? null,
      proof: kept.get(names.proof) ?? null,
    };
  });
}

/**
 * The files that the report's hashes are of: those of the last proof unit in dependency order, or the usual names if _meta.json
 * has no usable unit; without a _meta.json those of the older program.
 */
export function mainFiles(meta: JsonValue): { manifest: string; proof: string } {
  if (meta === null) return { manifest: PAIR.manifest_file, proof: PAIR.proof_file };
  for (const parse of [parseMeta, parseLegacyMeta])
    try {
      const unit = lastUnit(parse(meta));
      if (unit) return { manifest: unit.manifest_file, proof: unit.proof_file };
    } catch {
      // Not of that shape: the check meta.schema says so.
    }
  return { manifest: 'manifest.json', proof: 'proof.capz' };
}

function lastUnit(meta: BundleMeta | ReturnType<typeof parseLegacyMeta>): UnitFiles | undefined {
  try {
    return orderUnits<UnitFiles>(meta).at(-1);
  } catch {
    return meta.proof_units.at(-1); // the check meta.units says what is wrong
  }
}
