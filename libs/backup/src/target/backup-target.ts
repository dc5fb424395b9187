import { readdir, rm, stat, statfs, unlink } from 'node:fs/promises';
import path from 'node:path';
import type { BackupRecord } from '@cap/contracts';
import { CapError, isCapError, systemCode } from '@cap/core';
import { makeDirectoryDurable, syncDirectory, systemWords, TEMPORARY_PREFIX } from '@cap/core/files';
import { OwnerLock, ownerOf } from '@cap/storage';
import { isArchiveName, sidecarName } from '../archive/names.js';
import { readSidecar, type Sidecar } from '../archive/sidecar.js';
import { expiredBackups } from './retention.js';
import { readRunRecord, type RunRecord, writeRunRecord } from './run-record.js';

/** Scratch directories of drills; they hold a whole registry in plain files. */
export const SCRATCH_PREFIX = '.drill-';
const LOCK = '.lock';

/** A file that is named like a backup but is not a valid one. Retention ignores it. */
export interface InvalidBackup {
  name: string;
  why: string;
}

export interface BackupListing {
  /** Newest first. */
  backups: BackupRecord[];
  strange: InvalidBackup[];
}

export const backupRecord = (sidecar: Sidecar): BackupRecord => ({
  name: sidecar.archive,
  created_at: sidecar.created_at,
  size_bytes: sidecar.size,
  sha3_256: sidecar.sha3_256,
  log_size: sidecar.log_size,
  head_digest: sidecar.head_digest,
  kid: sidecar.signature.keyid,
  incomplete: sidecar.incomplete,
});

/** A directory of archives and their sidecars. Reading needs nothing; writing needs the lock of `withLock`. */
export class BackupTarget {
  constructor(readonly directory: string) {}

  readonly at = (name: string): string => path.join(this.directory, name);

  /** Runs `work` while no other process writes here. CapError backup.running (busy) names the other one. */
  async withLock<T>(program: string, work: () => Promise<T>): Promise<T> {
    await this.#ensureDirectory();
    let lock: OwnerLock;
    try {
      lock = await OwnerLock.acquire(this.at(LOCK), program);
    } catch (error) {
      if (!isCapError(error) || error.kind !== 'busy') throw error;
      throw new CapError('backup.running', `a backup is under way: ${error.message}`, { cause: error });
    }
    try {
      return await work();
    } finally {
      lock.release();
    }
  }

  /**
   * Removes what killed runs left: half an archive, a sidecar whose archive never got its name, the scratch directory of a
   * drill. Call it inside `withLock`. Returns the names.
   */
  async removeLeftovers(): Promise<string[]> {
    const names = new Set(await readdir(this.directory));
    const gone: string[] = [];
    for (const name of [...names].sort()) {
      const archive = name.replace(/\.json$/, '.tar.gz');
      const orphan = name.endsWith('.json') && isArchiveName(archive) && !names.has(archive);
      const scratch = name.startsWith(SCRATCH_PREFIX) && ownerOf(this.at(name)) === null;
      if (!orphan && !scratch && !name.startsWith(TEMPORARY_PREFIX)) continue;
      await rm(this.at(name), { recursive: true, force: true });
      gone.push(name);
    }
    if (gone.length > 0) await syncDirectory(this.directory);
    return gone;
  }

  /** Lists the target. An archive counts if a sidecar with a valid signature names it and its size. */
  async list(): Promise<BackupListing> {
    const backups: BackupRecord[] = [];
    const strange: InvalidBackup[] = [];
    for (const name of await this.#names()) {
      if (!isArchiveName(name)) continue;
      try {
        const sidecar = await readSidecar(this.at(sidecarName(name)), null);
        const { size } = await stat(this.at(name));
        if (sidecar.archive !== name) strange.push({ name, why: `its sidecar is that of ${sidecar.archive}` });
        else if (sidecar.size !== size)
          strange.push({ name, why: `it has ${size} bytes, its sidecar says ${sidecar.size}` });
        else backups.push(backupRecord(sidecar));
      } catch (error) {
        const why = systemCode(error) === 'ENOENT' ? 'it has no sidecar' : systemWords(error);
        strange.push({ name, why });
      }
    }
    backups.sort((a, b) =>
      a.created_at === b.created_at ? (a.name < b.name ? 1 : -1) : a.created_at < b.created_at ? 1 : -1,
    );
    return { backups, strange };
  }

  /** The same; a target that does not exist yet has no backups. */
  async listOrNone(): Promise<BackupListing> {
    try {
      return await this.list();
    } catch (error) {
      if (isCapError(error) && error.kind === 'missing') return { backups: [], strange: [] };
      throw error;
    }
  }

  /** Applies retention and returns what it removed, or with `dryRun` would remove. Call it inside `withLock`. */
  async prune(options: { days: number; now: Date; dryRun?: boolean }): Promise<BackupRecord[]> {
    const run = await this.lastRun();
    const newestRunFailed = run !== null && run.outcome !== 'success';
    const expired = expiredBackups((await this.list()).backups, { ...options, newestRunFailed });
    if (options.dryRun === true) return expired;
    for (const { name } of expired) {
      // The archive first: a crash in between leaves a sidecar without archive, which the next run removes.
      await unlink(this.at(name));
      await unlink(this.at(sidecarName(name)));
    }
    if (expired.length > 0) await syncDirectory(this.directory);
    return expired;
  }

  lastRun = (): Promise<RunRecord | null> => readRunRecord(this.directory);
  recordRun = (record: RunRecord): Promise<void> => writeRunRecord(this.directory, record);

  /** Free bytes. Throws if the target can't be written to. */
  async freeBytes(): Promise<number> {
    await this.#ensureDirectory();
    const { bavail, bsize } = await statfs(this.directory);
    return bavail * bsize;
  }

  async #ensureDirectory(): Promise<void> {
    try {
      await makeDirectoryDurable(this.directory, 0o750);
    } catch (cause) {
      throw new CapError('backup.target', `backup target ${this.directory}: ${systemWords(cause)}`, {
        cause,
      });
    }
  }

  async #names(): Promise<string[]> {
    try {
      return await readdir(this.directory);
    } catch (cause) {
      if (systemCode(cause) === 'ENOENT')
        throw new CapError('file.missing', `no backup target at ${this.directory}`, { cause });
      throw new CapError('file.unreadable', `can't read the backup target ${this.directory}: ${systemWords(cause)}`, {
        cause,
      });
    }
  }
}
