import { CapError } from '@cap/core';
import { rfc3339 } from '@cap/crypto';

const ARCHIVE = /^backup_(\d{4})(\d{2})(\d{2})_(\d{2})(\d{2})(\d{2})\.tar\.gz$/;

/** `20260115_020000`, UTC. */
export const stampOf = (date: Date): string => rfc3339(date).replace(/[-:Z]/g, '').replace('T', '_');

/** `backup_20260115_020000.tar.gz`, UTC. */
export const archiveName = (date: Date): string => `backup_${stampOf(date)}.tar.gz`;
export const isArchiveName = (name: string): boolean => ARCHIVE.test(name);
/** The signed sidecar beside an archive: `backup_20260115_020000.json`. */
export const sidecarName = (archive: string): string => archive.replace(/\.tar\.gz$/, '.json');

export const DATABASE = 'registry.db';
export const MANIFEST = 'manifest.json';
/** Detached signature over the bytes of manifest.json. */
export const MANIFEST_SIGNATURE = 'manifest.json.sig';

const BLOB = /^blobs\/([0-9a-f]{2})\/([0-9a-f]{2})\/\1\2[0-9a-f]{60}$/;
const SAVED_DIRECTORY = /^(keys|config|certs)\/./;
const MAX_PATH = 1024;
const MAX_SEGMENT = 255;
// eslint-disable-next-line no-control-regex
const UNSAFE = /[\u0000-\u001f\u007f\\\ufffd]/;

/** `blobs/ab/cd/` + 64 hex digits, for a BLOB id `0x…`. */
export const blobPath = (blobId: string): string => {
  const hex = blobId.slice(2);
  return `blobs/${hex.slice(0, 2)}/${hex.slice(2, 4)}/${hex}`;
};

/**
 * Why a path may not be in an archive, or null. Only what this format defines is allowed, so nothing in an archive can name a
 * path outside the directory that it is restored to, however the file system interprets names.
 */
export function pathFault(path: string): string | null {
  if (path === DATABASE || BLOB.test(path)) return null;
  if (!SAVED_DIRECTORY.test(path)) return 'not a path of a backup';
  if (!path.isWellFormed() || UNSAFE.test(path)) return 'a character that is not allowed in file names here';
  if (Buffer.byteLength(path) > MAX_PATH) return `longer than ${MAX_PATH} bytes`;
  for (const segment of path.split('/')) {
    if (segment === '' || segment === '.' || segment === '..') return `the segment '${segment}'`;
    if (Buffer.byteLength(segment) > MAX_SEGMENT) return `a name longer than ${MAX_SEGMENT} bytes`;
  }
  return null;
}

/** CapError backup.path (refused). */
export function assertPath(path: string, archive: string): void {
  const fault = pathFault(path);
  if (fault !== null) throw new CapError('backup.path', `${archive}: ${JSON.stringify(path.slice(0, 200))}: ${fault}`);
}

/** Mode of a restored file: files that may contain a secret are for the owner alone. */
export const modeOf = (path: string): number => (/^(keys|config)\/|\.key$/.test(path) ? 0o600 : 0o640);
export const DIRECTORY_MODE = 0o750;
