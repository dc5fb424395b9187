import { makeDirectoryDurable, writeDurable, writeError, writeFileDurable, type DurableOptions } from '@cap/core/files';
import type { CliIo } from './io.js';

/**
 * Writes a result to a file (all of it or nothing), or to stdout for `-`; an existing device or pipe is written into. Can't
 * be created: exit 73; no space, or I/O: 74.
 */
export async function writeOutput(
  io: CliIo,
  file: string,
  data: Uint8Array | string,
  options: DurableOptions = {},
): Promise<void> {
  if (file === '-') return io.out(data);
  try {
    await writeFileDurable(file, data, { special: 'write', ...options });
  } catch (cause) {
    throw writeError(file, cause);
  }
}

/** The same, piece by piece. If `produce` fails, the file is not created. */
export async function streamOutput(
  io: CliIo,
  file: string,
  produce: (write: (piece: string | Uint8Array) => Promise<void>) => Promise<void>,
  options: DurableOptions = {},
): Promise<void> {
  if (file === '-') return produce(async (piece) => io.out(piece));
  try {
    await writeDurable(file, (handle) => produce(async (piece) => void (await handle.write(Buffer.from(piece)))), {
      special: 'write',
      ...options,
    });
  } catch (cause) {
    // A service that stopped answering, or a BLOB with wrong bytes, is no fault of the file.
    const ofSystem = typeof cause === 'object' && cause !== null && 'errno' in cause;
    throw ofSystem ? writeError(file, cause) : cause;
  }
}

export async function makeOutputDirectory(directory: string, mode?: number): Promise<void> {
  try {
    await makeDirectoryDurable(directory, mode);
  } catch (cause) {
    throw writeError(directory, cause);
  }
}
