import type { BackupMade, BackupRecord, Drill } from '@cap/contracts';
import { CapError } from '@cap/core';
import { rfc3339 } from '@cap/crypto';
import { brokenBlobs } from './archive/manifest.js';
import { createBackup, type CreateOptions } from './create.js';
import { drillArchive } from './restore/drill.js';

export interface RunOptions extends Omit<CreateOptions, 'now' | 'onSnapshot'> {
  /** Named to a second run, which is refused. */
  program: string;
  /** Null: nothing is removed. */
  retention: { days: number } | null;
  now: () => Date;
  /** Called as the steps succeed. */
  on?: {
    cleared?(names: string[]): void;
    /** The archive is verified and has its name. */
    verified?(backup: BackupRecord): void | Promise<void>;
    drilled?(drill: Drill, backup: BackupRecord): void | Promise<void>;
    pruned?(removed: BackupRecord[]): void;
  };
}

/**
 * A whole backup run: lock the target, remove leftovers of killed runs, make and verify the archive, drill it, and only then
 * apply retention. The outcome is recorded beside the archives, where retention looks for it.
 * CapError backup.running (busy), backup.drill if the backup can't be restored, backup.blobs-lost if the registry has lost BLOBs
 * (everything else is saved then), and what createBackup throws.
 */
export async function runBackup(options: RunOptions): Promise<BackupMade> {
  const { target, now, on = {} } = options;
  return target.withLock(options.program, async () => {
    const started_at = rfc3339(now());
    const started = performance.now();
    const before = await target.lastRun();
    const record = {
      schema: 'cap-backup-run.v1' as const,
      started_at,
      archive: null as string | null,
      lease: null,
      drilled_at: before?.drilled_at ?? null,
    };
    const end = () => ({
      finished_at: rfc3339(now()),
      duration_seconds: Math.round(performance.now() - started) / 1000,
    });
    const cleared = await target.removeLeftovers();
    if (cleared.length > 0) on.cleared?.(cleared);
    const running = (lease: string | null) =>
      target.recordRun({
        ...record,
        lease,
        finished_at: null,
        duration_seconds: null,
        outcome: 'running',
        error: null,
      });
    // We hold the lock, so a run that is still `running` was killed; its snapshot would block us until it expires.
    if (before?.outcome === 'running' && before.lease !== null)
      await options.source.releaseSnapshot(before.lease).catch(() => undefined);
    await running(null);
    try {
      const backup = await createBackup({ ...options, now: now(), onSnapshot: running });
      record.archive = backup.name;
      await on.verified?.(backup);
      const { signer, signal } = options;
      const drill = await drillArchive(target.at(backup.name), { signer: signer.publicKey, now: now(), signal });
      if (drill.ok) record.drilled_at = rfc3339(now());
      await on.drilled?.(drill, backup);
      if (!drill.ok) {
        const { object, message } = drill.faults[0]!;
        throw new CapError('backup.drill', `${backup.name}, restored: ${object}: ${message}`);
      }
      // Counts as failed, so that retention keeps the older archives: one of them may contain what is broken now.
      const broken = brokenBlobs(backup.incomplete);
      if (broken.length > 0) throw brokenBlobsError(broken, backup);
      await target.recordRun({ ...record, ...end(), outcome: 'success', error: null });
      const removed = options.retention ? await target.prune({ days: options.retention.days, now: now() }) : [];
      on.pruned?.(removed);
      return { ...backup, drill, removed: removed.map(({ name }) => name) };
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      // If not even this can be written, the record still says `running`, which counts as failed too.
      const failed = { ...record, ...end(), outcome: 'failure' as const, error: why };
      await target.recordRun(failed).catch(() => undefined);
      throw error;
    }
  });
}

const MAX_NAMED = 10;

function brokenBlobsError(broken: ReturnType<typeof brokenBlobs>, { name }: BackupRecord): CapError {
  const named = broken.slice(0, MAX_NAMED).map(({ code, blob_id }) => `${code} ${blob_id}`);
  const more = broken.length > MAX_NAMED ? ` and ${broken.length - MAX_NAMED} more` : '';
  const message = `${named.join(', ')}${more}: left out of ${name}, which holds everything else; upload the same bytes again`;
  return new CapError('backup.blobs-lost', message, { details: broken });
}
