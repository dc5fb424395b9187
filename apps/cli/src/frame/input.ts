import { open, readFile, stat } from 'node:fs/promises';
import { boundedBytes, CapError, readError, systemCode } from '@cap/core';
import { type CliIo } from './io.js';

/** Bytes of an input that is read as a whole, at most: no text of more can be held. */
export const MOST_BYTES = 500_000_000;

/** The bytes of a file, or of stdin for `-`. No such file: exit 66; not allowed: 77; a directory, or more than `most`: 65. */
export async function readInput(io: CliIo, file: string, most = MOST_BYTES): Promise<Buffer> {
  if (file === '-') return (await boundedBytes(chunksOf(io.stdin), most)) ?? tooMuch(file, most);
  try {
    const found = await stat(file);
    if (found.isFile()) return found.size > most ? tooMuch(file, most) : await readFile(file);
    if (found.isDirectory()) throw readError(file, { code: 'EISDIR' });
    // A pipe, or a device that has no end.
    return (await boundedBytes((await open(file)).createReadStream(), most)) ?? tooMuch(file, most);
  } catch (cause) {
    throw cause instanceof CapError ? cause : readError(file, cause);
  }
}

const tooMuch = (file: string, most: number): never => {
  throw new CapError('file.limit', `${inputName(file)}: more than ${most} bytes, which is no input of this command`);
};

/** The same, piece by piece, and as much as there is unless `most` is given. A file that can't be opened or is a directory is refused at once. */
export async function openInput(io: CliIo, file: string, most = Infinity): Promise<AsyncIterable<Uint8Array>> {
  if (file === '-') return upTo(most, file, chunksOf(io.stdin));
  if (await isDirectory(file)) throw readError(file, { code: 'EISDIR' });
  try {
    return upTo(most, file, (await open(file)).createReadStream());
  } catch (cause) {
    throw readError(file, cause);
  }
}

async function* upTo(most: number, file: string, stream: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  let size = 0;
  for await (const piece of stream) {
    size += piece.length;
    if (size > most) tooMuch(file, most);
    yield piece;
  }
}

async function* chunksOf(stream: CliIo['stdin']): AsyncIterable<Uint8Array> {
  for await (const chunk of stream) yield Buffer.from(chunk);
}

/** Is there a directory of this name? A missing one is exit 66. */
export async function isDirectory(name: string): Promise<boolean> {
  try {
    return (await stat(name)).isDirectory();
  } catch (cause) {
    throw readError(name, cause);
  }
}

export async function exists(name: string): Promise<boolean> {
  try {
    await stat(name);
    return true;
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT' || systemCode(cause) === 'ENOTDIR') return false;
    throw readError(name, cause);
  }
}

/** How a file is called in messages. */
export const inputName = (file: string): string => (file === '-' ? 'stdin' : file);
