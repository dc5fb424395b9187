import type { z } from 'zod';
import { backupList, backupMade } from '@cap/contracts';
import { CapError, isRemoteError } from '@cap/core';
import { type CliIo, progress, progressDone } from '../io.js';
import { type ServiceAddress, withService } from '../service.js';

/** Lets the worker create a backup now. It answers once the backup was read back and verified, however long that takes. */
export async function createOnWorker(io: CliIo, worker: ServiceAddress): Promise<z.infer<typeof backupMade>> {
  progress(io, 'the backup worker is creating a backup');
  try {
    return await withService(
      io,
      worker,
      (service) => service.json(backupMade, { method: 'POST', path: '/v1/backups', idempotent: false }),
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
export async function backupsOfWorker(io: CliIo, worker: ServiceAddress): Promise<z.infer<typeof backupList>['items']> {
  const call = { method: 'GET', path: '/v1/backups', idempotent: true } as const;
  return (await withService(io, worker, (service) => service.json(backupList, call))).items;
}
