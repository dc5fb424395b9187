import { open, readFile, stat } from 'node:fs/promises';
import { CapError, systemCode } from '@cap/core';
import { boundedBytes, readError } from '@cap/core/files';
import type { CliIo } from './io.js';

/** Largest input that is read as a whole: JavaScript can't hold a longer text. */
export const MAX_BYTES = 500_000_000;

/** The bytes of a file, or of stdin for `-`. No such file: exit 66; permission denied: 77; a directory, or larger than `limit`: 65. */
export async function readInput(io: CliIo, file: string, limit = MAX_BYTES): Promise<Buffer> {
  if (file === '-') return (await boundedBytes(chunksOf(io.stdin), limit)) ?? tooLarge(file, limit);
  try {
    const found = await stat(file);
    if (found.isFile()) return found.size > limit ? tooLarge(file, limit) : await readFile(file);
    if (found.isDirectory()) throw readError(file, { code: 'EISDIR' });
    // A pipe or a device, which may never end.
    return (await boundedBytes((await open(file)).createReadStream(), limit)) ?? tooLarge(file, limit);
  } catch (cause) {
    throw cause instanceof CapError ? cause : readError(file, cause);
  }
}

const tooLarge = (file: string, limit: number): never => {
  throw new CapError('file.limit', `${inputName(file)}: larger than ${limit} bytes, too large for this command`);
};

/** The same as a stream, unlimited by default. A directory, or a file that can't be opened, is refused at once. */
export async function openInput(io: CliIo, file: string, limit = Infinity): Promise<AsyncIterable<Uint8Array>> {
  if (file === '-') return limited(limit, file, chunksOf(io.stdin));
  if (await isDirectory(file)) throw readError(file, { code: 'EISDIR' });
  try {
    return limited(limit, file, (await open(file)).createReadStream());
  } catch (cause) {
    throw readError(file, cause);
  }
}

async function* limited(limit: number, file: string, stream: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  let size = 0;
  for await (const piece of stream) {
    size += piece.length;
    if (size > limit) tooLarge(file, limit);
    yield piece;
  }
}

async function* chunksOf(stream: CliIo['stdin']): AsyncIterable<Uint8Array> {
  for await (const chunk of stream) yield Buffer.from(chunk);
}

/** Throws (exit 66) if there is nothing of this name. */
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

/** The name of an input in messages. */
export const inputName = (file: string): string => (file === '-' ? 'stdin' : file);

/** A secret from the variable `name`, or from the file that `name`_FILE names; without its trailing line break. */
export async function readSecret(io: CliIo, name: string): Promise<string | undefined> {
  const file = io.env[`${name}_FILE`];
  const text = io.env[name] || (file ? (await readInput(io, file)).toString('utf8') : '');
  return text.replace(/\r?\n$/, '') || undefined;
}

/** Throws CapError `option.stdin` if two inputs are to come from stdin: the second would be empty. */
export function assertOneStdin(inputs: readonly (readonly [what: string, file: string | undefined])[]): void {
  const piped = inputs.filter(([, file]) => file === '-').map(([what]) => what);
  if (piped.length > 1)
    throw new CapError('option.stdin', `only one input can come from stdin, not ${piped.join(' and ')}`);
}
