import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { CapError } from './errors.js';

/**
 * The content of a file that others may have put there. Opening a FIFO would wait for ever for somebody who writes into it, and
 * take one of the few threads for files along; a device may never end. CapError file.irregular for what is no regular
 * file, file.limit for more than `maxBytes`; otherwise the system's error.
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
