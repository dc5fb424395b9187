import { makeDirectoryDurable, writeError, writeFileDurable, type DurableOptions } from '@cap/core';
import { type CliIo } from './io.js';

/** Writes a result to a file (whole or not at all), or to stdout for `-`; a device or pipe is written into. Can't be made: exit 73; no room or I/O: 74. */
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

export async function makeOutputDirectory(directory: string, mode?: number): Promise<void> {
  try {
    await makeDirectoryDurable(directory, mode);
  } catch (cause) {
    throw writeError(directory, cause);
  }
}
