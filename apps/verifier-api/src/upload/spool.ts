import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** Runs `use` over a private file with the stream's bytes; the file is gone afterwards, whatever happened. */
export async function withSpooledFile<T>(stream: Readable, use: (file: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(path.join(tmpdir(), 'cap-upload-'));
  try {
    const file = path.join(directory, 'bundle.zip');
    await pipeline(stream, createWriteStream(file, { mode: 0o600 }));
    return await use(file);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
