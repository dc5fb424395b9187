import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { CapError } from '@cap/core';
import { isMissing, readError } from '@cap/core/files';

/** Bytes that can be read at any place: a buffer, or an open file that need not fit into memory. */
export interface ByteSource {
  readonly size: number;
  /** Exactly `length` bytes from `offset`; the caller stays inside `size`. A buffer's are a view, not a copy. */
  read(offset: number, length: number): Buffer;
}

export function bufferSource(bytes: Uint8Array): ByteSource {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { size: buffer.length, read: (offset, length) => buffer.subarray(offset, offset + length) };
}

/** Runs `use` over the open file, and closes it whatever happens. */
export async function withFileSource<T>(file: string, use: (source: ByteSource) => Promise<T> | T): Promise<T> {
  let fd: number;
  try {
    fd = openSync(file, 'r');
  } catch (cause) {
    throw unreadableFile(file, cause);
  }
  try {
    return await use({ size: fstatSync(fd).size, read: (offset, length) => readExactly(fd, file, offset, length) });
  } finally {
    closeSync(fd);
  }
}

/** CapError `bundle.missing`, or that of readError. */
export function unreadableFile(file: string, cause: unknown): CapError {
  return isMissing(cause) ? new CapError('bundle.missing', `no such file: ${file}`, { cause }) : readError(file, cause);
}

function readExactly(fd: number, file: string, offset: number, length: number): Buffer {
  const out = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const count = readSync(fd, out, filled, length - filled, offset + filled);
    if (count === 0) throw new CapError('file.unreadable', `${file}: was truncated while being read`);
    filled += count;
  }
  return out;
}
