import { isCapError } from '@cap/core';
import { META_FILE, type Bundle, LEGACY_META_SCHEMA, META_SCHEMA } from '@cap/proof/bundle';
import { finding, type Finding } from '../report/findings.js';
import type { ReadResult } from './manifest.js';

/** A manifest or proof of a bundle: what was read, or what hindered it (null: the file is not there, files.hash says so). */
export type Part<T> =
  | { file: string; generation: string; bytes: Buffer; value: T }
  | { file: string; generation: string | null; value: null; fault: string | null };

/** Reads each of the files once. By file name. */
export function readParts<T>(
  { files }: Bundle,
  names: readonly string[],
  read: (bytes: Buffer, name: string) => ReadResult<T>,
): Map<string, Part<T>> {
  return new Map([...new Set(names)].map((name) => [name, readPart(name, files.get(name), read)]));
}

function readPart<T>(
  file: string,
  bytes: Buffer | undefined,
  read: (bytes: Buffer, name: string) => ReadResult<T>,
): Part<T> {
  if (!bytes) return { file, generation: null, value: null, fault: null };
  try {
    const found = read(bytes, file);
    return 'fault' in found ? { file, ...found, value: null } : { file, bytes, ...found };
  } catch (error) {
    if (!isCapError(error)) throw error;
    return { file, generation: null, value: null, fault: error.message };
  }
}

/**
 * legacy.format: are all parts of generations that are known? A known one is a warning: whoever gets such a bundle should
 * ask for a current one, whose proof is more than a claim.
 */
export function checkGeneration({ meta }: Bundle, parts: readonly Part<unknown>[]): Finding {
  const actual = [
    meta === null ? `no ${META_FILE}` : LEGACY_META_SCHEMA,
    ...parts.map(({ file, generation }) => `${file}: ${generation ?? 'unknown'}`),
  ].join(', ');
  const known = parts.length > 0 && parts.every(({ generation }) => generation !== null);
  return finding('legacy.format', known ? 'warn' : 'fail', { expected: META_SCHEMA, actual });
}
