import { createReadStream } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { blake3Text, type Digest } from '@cap/crypto';
import { CapError, isCapError, parseAmbiguousJson, type JsonValue } from '@cap/core';
import { boundedBytes } from '@cap/core/files';
import { DEFAULT_BUNDLE_LIMITS, MAX_JSON_BYTES, META_FILE, type Bundle, type BundleLimits } from './bundle.js';
import { bufferSource, unreadableFile } from './byte-source.js';
import { LEGACY_META_SCHEMA } from './meta.js';
import { unpack } from './zip-content.js';
import { overLimit, readZipDirectory, unreadable, type ZipEntry } from './zip-directory.js';

interface ReadOptions {
  limits?: BundleLimits;
  /** BLOB id of the bytes, if it is known already: saves hashing them again. */
  bundleId?: Digest;
}

/** The older program's smallest bundle. */
const LEGACY_FILES = ['manifest.json', 'proof.dat'];

/**
 * Reads a bundle: the bytes of a zip, a zip file, or a directory in the older program's two-file form. Throws CapError
 * `bundle.unreadable` or `bundle.limit` (`input`) for a container that breaks a rule, `bundle.missing` for no such file.
 */
export async function readBundle(from: Uint8Array | string, options: ReadOptions = {}): Promise<Bundle> {
  if (typeof from !== 'string') return readZip(from, options);
  const limits = options.limits ?? DEFAULT_BUNDLE_LIMITS;
  try {
    const found = await stat(from);
    if (found.isDirectory()) return await readLegacyDirectory(from, limits);
    return readZip(await readWhole(from, limits.bundleBytes), options);
  } catch (cause) {
    if (cause instanceof CapError) throw cause;
    throw unreadableFile(from, cause);
  }
}

function readZip(bytes: Uint8Array, { limits = DEFAULT_BUNDLE_LIMITS, bundleId }: ReadOptions): Bundle {
  const source = bufferSource(bytes);
  const entries = readZipDirectory(source, limits);
  const files = new Map<string, Buffer>();
  const unpackOnce = (entry: ZipEntry): Buffer => {
    const content = files.get(entry.name) ?? unpack(source, entry);
    files.set(entry.name, content);
    return content;
  };
  // _meta.json goes first, so that anything but a bundle is refused before the rest is unpacked.
  const { generation, meta } = readMeta(entries, unpackOnce);
  entries.forEach(unpackOnce);
  return { bundleId: bundleId ?? blake3Text(bytes), generation, files, meta, complete: true };
}

/** Finds and parses _meta.json, and tells the older program's bundles from ours. */
export function readMeta(
  entries: readonly Pick<ZipEntry, 'name' | 'size'>[],
  contentOf: (entry: ZipEntry) => Buffer,
): { generation: Bundle['generation']; meta: JsonValue } {
  const entry = entries.find(({ name }) => name === META_FILE);
  if (!entry) {
    if (isLegacyPair(entries.map(({ name }) => name))) return { generation: 'legacy', meta: null };
    return unreadable(`there is no ${META_FILE}`);
  }
  if (entry.size > MAX_JSON_BYTES)
    overLimit(`${META_FILE} has ${entry.size} bytes, at most ${MAX_JSON_BYTES} are allowed`);
  const meta = parseMetaJson(contentOf(entry as ZipEntry));
  const schema = meta !== null && typeof meta === 'object' && !Array.isArray(meta) ? meta.schema : undefined;
  return { generation: schema === LEGACY_META_SCHEMA ? 'legacy' : 'current', meta };
}

/**
 * The value of _meta.json; of one in which a member stands twice, the last. The check meta.schema refuses that one: a
 * container that can be read ends in a verdict. Throws CapError `bundle.unreadable` if it is not JSON.
 */
export function parseMetaJson(bytes: Uint8Array): JsonValue {
  try {
    return parseAmbiguousJson(bytes, META_FILE);
  } catch (cause) {
    if (isCapError(cause) && cause.code === 'json.limit') return overLimit(cause.message);
    return unreadable((cause as Error).message, cause);
  }
}

const isLegacyPair = (names: readonly string[]): boolean =>
  names.length === LEGACY_FILES.length && LEGACY_FILES.every((name) => names.includes(name));

/** A regular file has a size; anything else is read up to the limit. */
async function readWhole(file: string, maxBytes: number): Promise<Buffer> {
  const found = await stat(file);
  if (found.isFile()) {
    if (found.size > maxBytes) overLimit(`${file} has ${found.size} bytes, at most ${maxBytes} are allowed`);
    return readFile(file);
  }
  const bytes = await boundedBytes(createReadStream(file), maxBytes);
  return bytes ?? overLimit(`${file} has more bytes than the ${maxBytes} that are allowed`);
}

async function readLegacyDirectory(directory: string, limits: BundleLimits): Promise<Bundle> {
  if (!isLegacyPair(await readdir(directory)))
    return unreadable(
      `${directory}: a directory is read only if it holds exactly ${LEGACY_FILES.join(' and ')}; pass the zip`,
    );
  const files = new Map<string, Buffer>();
  for (const name of LEGACY_FILES) {
    const file = path.join(directory, name);
    files.set(name, await readWhole(file, limits.bundleBytes));
  }
  return { bundleId: null, generation: 'legacy', files, meta: null, complete: true };
}
