import { CapError } from '@cap/core';
import { sha3Text, type Digest } from '@cap/crypto';
import { MAX_JSON_BYTES, UNLISTED_FILES, type Bundle, type BundleMeta } from '@cap/proof/bundle';
import { fail, type Finding, ok } from './report/findings.js';

/** SHA3-256 of a file of the bundle, computed once; undefined if it is not there. */
export type FileHashes = (name: string) => Digest | undefined;

export function fileHashes({ files }: Bundle): FileHashes {
  const known = new Map<string, Digest>();
  return (name) => {
    const bytes = files.get(name);
    if (!bytes) return undefined;
    const hash = known.get(name) ?? sha3Text(bytes);
    known.set(name, hash);
    return hash;
  };
}

/** files.hash, files.unlisted */
export function checkFiles(bundle: Bundle, meta: BundleMeta, hashOf: FileHashes): Finding[] {
  const unlisted = unlistedFiles(bundle, meta.files, UNLISTED_FILES);
  return [
    checkListed(bundle, meta.files, hashOf),
    unlisted.length > 0 ? fail('files.unlisted', { actual: unlisted.join(', ') }) : ok('files.unlisted'),
  ];
}

/** files.hash */
export function checkListed(
  bundle: Bundle,
  listed: Readonly<Record<string, { hash: Digest; size?: number | undefined; role?: string }>>,
  hashOf: FileHashes,
): Finding {
  for (const [name, { hash, size, role }] of Object.entries(listed)) {
    const bytes = bundle.files.get(name);
    const different = (expected: string, actual: string) =>
      fail('files.hash', { expected: `${name}: ${expected}`, actual: `${name}: ${actual}` });
    if (!bytes) {
      // What a verdict is about must be there in every form; a context leaves out the copies.
      if (bundle.complete || role === 'manifest' || role === 'proof') return different(hash, 'not there');
    } else if (size !== undefined && bytes.length !== size) return different(`${size} bytes`, `${bytes.length} bytes`);
    else if (hashOf(name) !== hash) return different(hash, hashOf(name)!);
  }
  return ok('files.hash');
}

/** Names of the files that are neither listed nor exempt, sorted. */
export const unlistedFiles = (bundle: Bundle, listed: object, exempt: ReadonlySet<string>): string[] =>
  [...bundle.files.keys()].filter((name) => !exempt.has(name) && !Object.hasOwn(listed, name)).sort();

/** The bytes, if they are few enough to be parsed. Throws CapError `json.malformed`. */
export function boundedJson(bytes: Buffer, name: string): Buffer {
  if (bytes.length > MAX_JSON_BYTES)
    throw new CapError('json.malformed', `${name}: ${bytes.length} bytes, at most ${MAX_JSON_BYTES} are read`);
  return bytes;
}
