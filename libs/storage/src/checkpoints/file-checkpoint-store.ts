import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { systemCode } from '@cap/core';
import { makeDirectoryDurable, writeFileDurable } from '@cap/core/files';
import type { PinnedPaths } from '../pinned-paths.js';
import { asStorageError } from '../storage-errors.js';
import type { CheckpointStore } from '../stores.js';
import { epochsOf } from './epoch-names.js';

/** One file for each epoch in a directory beside the database. */
export class FileCheckpointStore implements CheckpointStore {
  /** With `pinned` the directory must stay the one that was opened. */
  constructor(
    private readonly directory: string,
    private readonly pinned?: PinnedPaths,
  ) {}

  read(epoch: number): Promise<string | null> {
    return asStorageError(`can't read the checkpoint of epoch ${epoch}`, () =>
      readFile(this.#file(epoch), 'utf8').catch((error: unknown) => {
        if (systemCode(error) === 'ENOENT') return null;
        throw error;
      }),
    );
  }

  write(epoch: number, note: string): Promise<void> {
    return asStorageError(`can't write the checkpoint of epoch ${epoch}`, async () => {
      if (!this.pinned) await makeDirectoryDurable(this.directory, 0o750);
      this.pinned?.assertUnmoved('checkpoints');
      await writeFileDurable(this.#file(epoch), note, { mode: 0o640 });
      this.pinned?.assertUnmoved('checkpoints');
    });
  }

  async epochs(): Promise<number[]> {
    const names = await asStorageError(`can't read the checkpoints in ${this.directory}`, () =>
      readdir(this.directory).catch((error: unknown) => {
        if (systemCode(error) === 'ENOENT') return [];
        throw error;
      }),
    );
    return epochsOf(names);
  }

  #file = (epoch: number): string => path.join(this.directory, String(epoch));
}
