import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { formError } from './form.js';

/** Runs `use` over a private file with the bytes of a form's part; the file is gone afterwards, whatever happened. */
export async function withSpooledFile<T>(stream: Readable, use: (file: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(path.join(tmpdir(), 'cap-upload-'));
  try {
    const file = path.join(directory, 'bundle.zip');
    await pipeline(stream, createWriteStream(file, { mode: 0o600 })).catch((error: unknown) =>
      Promise.reject(formError(error)),
    );
    return await use(file);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
