import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { Injectable } from '@nestjs/common';
import type { Config } from '@cap/config';
import { Readiness } from '@cap/service-kit';
import { BackupRuns } from './backup-runs.js';

/** Beside the newest backup's size: what a registry may have grown since, and the manifest. */
const SPARE_BYTES = 64 * 1024 * 1024;

/** What a backup needs beside the registry; readiness names what is missing. */
@Injectable()
export class BackupReadinessIndicators {
  constructor(
    readiness: Readiness,
    private readonly runs: BackupRuns,
  ) {
    readiness.add('target', () => this.#target());
    readiness.add('signing-key', async () => void (await runs.signer()));
    readiness.add('sources', () => this.#sources());
  }

  async #target(): Promise<void> {
    const { target } = this.runs;
    const free = await target.freeBytes();
    await access(target.directory, constants.W_OK);
    const [newest] = (await target.list()).backups;
    const needed = (newest?.size_bytes ?? 0) + SPARE_BYTES;
    if (free < needed) throw new Error(`${target.directory}: ${free} bytes are free, a backup may need ${needed}`);
  }

  async #sources(): Promise<void> {
    const { sources } = this.runs.settings;
    for (const name of ['keys', 'config', 'certs'] as const satisfies (keyof Config['backup']['sources'])[]) {
      const directory = sources[name];
      if (directory === null) continue;
      const found = await stat(directory).catch(() => null);
      if (!found?.isDirectory())
        throw new Error(`backup.sources.${name}: no directory at ${directory} (null if this machine has none)`);
    }
  }
}
