import { open, readFile, stat } from 'node:fs/promises';
import { CapError, readErrorKind, systemCode, systemWords } from '@cap/crypto';
import { type CliIo } from './io.js';

/** The bytes of a file, or of stdin for `-`. No such file: exit 66; not allowed: 77; a directory: 65. */
export async function readInput(io: CliIo, file: string): Promise<Buffer> {
  if (file === '-') {
    const chunks: Uint8Array[] = [];
    for await (const chunk of chunksOf(io.stdin)) chunks.push(chunk);
    return Buffer.concat(chunks);
  }
  try {
    return await readFile(file);
  } catch (cause) {
    throw readError(file, cause);
  }
}

/** The same, piece by piece. A file that can't be opened or is a directory is refused at once. */
export async function openInput(io: CliIo, file: string): Promise<AsyncIterable<Uint8Array>> {
  if (file === '-') return chunksOf(io.stdin);
  if (await isDirectory(file)) throw readError(file, { code: 'EISDIR' });
  try {
    return (await open(file)).createReadStream();
  } catch (cause) {
    throw readError(file, cause);
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

function readError(file: string, cause: unknown): CapError {
  const kind = readErrorKind(cause);
  switch (kind) {
    case 'missing':
      return new CapError(kind, 'file.missing', `no such file: ${file}`, { cause });
    case 'forbidden':
      return new CapError(kind, 'file.forbidden', `may not read ${file}`, { cause });
    case 'input':
      return new CapError(kind, 'file.directory', `${file} is a directory, a file was expected`, { cause });
    default:
      return new CapError('io', 'file.unreadable', `can't read ${file}: ${systemWords(cause)}`, { cause });
  }
}

/** How a file is called in messages. */
export const inputName = (file: string): string => (file === '-' ? 'stdin' : file);
