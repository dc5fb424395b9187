import { type FileHandle, mkdir, open } from 'node:fs/promises';
import path from 'node:path';
import { syncDirectory } from '@cap/core';
import { DIRECTORY_MODE, modeOf } from '../archive/names.js';
import { type ExpectedSigner } from '../archive/signature.js';
import { type Taker, type VerifiedArchive, verifyArchive } from '../archive/verify.js';

/**
 * Writes an archive's files below an empty directory while everything is verified once more. Names have been checked before
 * a file is made, and a file is made with O_EXCL, so nothing outside is reached and nothing is written twice.
 */
export async function unpack(
  archive: string,
  directory: string,
  {
    signer,
    durable,
    owner,
    signal,
  }: {
    signer: ExpectedSigner;
    /** fsync everything before this resolves. */
    durable: boolean;
    /** Whom the files shall belong to; null: whoever runs this. */
    owner: { uid: number; gid: number } | null;
    signal?: AbortSignal | undefined;
  },
): Promise<VerifiedArchive> {
  const made = new Set<string>([directory]);
  const give = async (handle: FileHandle) => {
    if (owner) await handle.chown(owner.uid, owner.gid);
  };
  const makeParents = async (file: string) => {
    const missing: string[] = [];
    for (let at = path.dirname(file); !made.has(at); at = path.dirname(at)) missing.unshift(at);
    for (const at of missing) {
      await mkdir(at, { mode: DIRECTORY_MODE });
      made.add(at);
      const handle = await open(at, 'r');
      await give(handle).finally(() => handle.close());
    }
  };
  // A registry whose directory of BLOBs is empty has it all the same.
  await makeParents(path.join(directory, 'blobs', 'any'));
  const take = async (name: string): Promise<Taker> => {
    const file = path.join(directory, name);
    await makeParents(file);
    const handle = await open(file, 'wx', modeOf(name));
    return {
      write: async (chunk) => {
        // FileHandle.write may write less than it was given; writeFile on a handle goes on until all is written.
        await handle.writeFile(chunk);
      },
      end: async () => {
        try {
          await give(handle);
          if (durable) await handle.sync();
        } finally {
          await handle.close();
        }
      },
      abandon: () => handle.close(),
    };
  };
  const verified = await verifyArchive(archive, { signer, take, signal });
  if (durable) for (const at of made) await syncDirectory(at);
  return verified;
}
