import { type FileHandle, mkdir, open } from 'node:fs/promises';
import path from 'node:path';
import { syncDirectory } from '@cap/core/files';
import { DIRECTORY_MODE, modeOf } from '../archive/names.js';
import type { ExpectedSigner } from '../archive/signature.js';
import { type FileSink, type VerifiedArchive, verifyArchive } from '../archive/verify.js';

/**
 * Writes an archive's files below an empty directory while everything is verified once more. Names are checked before a file is
 * created, and files are created with O_EXCL, so nothing outside is reached and nothing is overwritten.
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
    /** The owner of the files; null: the user who runs this. */
    owner: { uid: number; gid: number } | null;
    signal?: AbortSignal | undefined;
  },
): Promise<VerifiedArchive> {
  const created = new Set<string>([directory]);
  const give = async (handle: FileHandle) => {
    if (owner) await handle.chown(owner.uid, owner.gid);
  };
  const makeParents = async (file: string) => {
    const missing: string[] = [];
    for (let at = path.dirname(file); !created.has(at); at = path.dirname(at)) missing.unshift(at);
    for (const at of missing) {
      await mkdir(at, { mode: DIRECTORY_MODE });
      created.add(at);
      const handle = await open(at, 'r');
      await give(handle).finally(() => handle.close());
    }
  };
  // Also for a registry without BLOBs.
  await makeParents(path.join(directory, 'blobs', 'any'));
  const openSink = async (name: string): Promise<FileSink> => {
    const file = path.join(directory, name);
    await makeParents(file);
    const handle = await open(file, 'wx', modeOf(name));
    return {
      write: async (chunk) => {
        // FileHandle.write may write less than it was given; writeFile on a handle continues until all is written.
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
      abort: () => handle.close(),
    };
  };
  const verified = await verifyArchive(archive, { signer, openSink, signal });
  if (durable) for (const at of created) await syncDirectory(at);
  return verified;
}
