import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { CapError } from './errors.js';

/**
 * Reads a file that others may have put there. Opening a FIFO would wait forever for a writer, and block one of the few
 * file-system threads; a device may never end. CapError file.irregular for anything but a regular file, file.limit for more than `maxBytes`; otherwise the system's error.
 */
export async function readRegularFile(file: string, maxBytes: number): Promise<Buffer> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const status = await handle.stat();
    if (!status.isFile()) throw new CapError('file.irregular', `${file}: not a regular file`);
    if (status.size > maxBytes)
      throw new CapError('file.limit', `${file}: ${status.size} bytes, more than ${maxBytes}`);
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}
