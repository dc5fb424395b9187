import { Readable } from 'node:stream';
import { CapError, writeDurable, writeError } from '@cap/core';
import { streamingBlake3 } from '@cap/crypto';
import { openInput } from '../frame/input.js';
import { printResult, type CliIo } from '../frame/io.js';
import { type RegistryPlace } from '../frame/place-options.js';
import { checkBlobId, openBlobs } from './blob-source.js';

interface Options extends RegistryPlace {
  json?: boolean;
}

export async function put(io: CliIo, options: Options, file: string): Promise<void> {
  const input = await openInput(io, file);
  const blobs = await openBlobs(io, options);
  try {
    const record = await blobs.put(Readable.from(input));
    printResult(io, options, record, () => record.blob_id);
  } finally {
    await blobs.close();
  }
}

/** The bytes are hashed while they arrive: a file appears under its name only if they are the ones the id names. */
export async function get(io: CliIo, options: Options & { out: string }, id: string): Promise<void> {
  checkBlobId(id);
  const blobs = await openBlobs(io, options);
  try {
    const stream = await blobs.get(id);
    if (stream === null) throw new CapError('bundle.unknown', `no BLOB ${id}`);
    const hash = await streamingBlake3();
    let size = 0;
    const receive = async (take: (chunk: Buffer) => Promise<unknown> | void) => {
      for await (const chunk of stream as AsyncIterable<Buffer>) {
        hash.update(chunk);
        size += chunk.length;
        await take(chunk);
      }
      const found = hash.digest();
      if (found !== id) throw new CapError('blob.corrupt', `BLOB ${id}: its bytes hash to ${found}`);
    };
    if (options.out === '-') {
      await receive((chunk) => io.out(chunk));
      return io.err(`${id}  ${size} bytes\n`);
    }
    await writeDurable(options.out, (handle) => receive((chunk) => handle.write(chunk)), {
      special: 'write',
    }).catch((cause: unknown) => {
      throw cause instanceof CapError || (cause as Error).name === 'CapError' ? cause : writeError(options.out, cause);
    });
    printResult(io, options, { blob_id: id, size, file: options.out }, () => options.out);
  } finally {
    await blobs.close();
  }
}

export async function list(io: CliIo, options: Options): Promise<void> {
  const blobs = await openBlobs(io, options);
  try {
    const items = [];
    for await (const record of blobs.list()) {
      // One line each as they come: a registry has many.
      if (options.json) items.push(record);
      else await io.out(`${record.blob_id}  ${record.size}\n`);
    }
    if (options.json) printResult(io, options, { items }, () => '');
  } finally {
    await blobs.close();
  }
}
