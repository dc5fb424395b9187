import { z } from 'zod';
import type { Omission } from '@cap/backup';
import { CapError, isRemoteError } from '@cap/core';
import { type CliIo, progress, progressDone } from '../io.js';
import { type ServiceAddress, withService } from '../service.js';

/** What the backup worker says of a backup. A newer worker may say more. */
const workerBackup = z.looseObject({
  name: z.string(),
  size_bytes: z.int().optional(),
  log_size: z.int().optional(),
  /** What was left out, and why. */
  incomplete: z.custom<Omission[]>(Array.isArray).optional(),
});
export type WorkerBackup = z.infer<typeof workerBackup>;
const workerBackups = z.object({ items: z.array(workerBackup) });

/** Lets the worker create a backup now. It answers once the backup was read back and verified, however long that takes. */
export async function createOnWorker(io: CliIo, worker: ServiceAddress): Promise<WorkerBackup> {
  progress(io, 'the backup worker is creating a backup');
  try {
    return await withService(
      io,
      worker,
      (service) => service.json(workerBackup, { method: 'POST', path: '/v1/backups', idempotent: false }),
      { timeoutMs: 0 },
    );
  } catch (error) {
    // What the worker found wrong is a finding here too (exit 2), whatever its HTTP status.
    if (!isRemoteError(error) || error.kind !== 'refused') throw error;
    throw new CapError(error.code, error.message, { cause: error });
  } finally {
    progressDone(io);
  }
}

/** The backups that the worker holds, in its order. */
export async function backupsOfWorker(io: CliIo, worker: ServiceAddress): Promise<WorkerBackup[]> {
  const call = { method: 'GET', path: '/v1/backups', idempotent: true } as const;
  return (await withService(io, worker, (service) => service.json(workerBackups, call))).items;
}
