import { isServiceError } from '@cap/contracts';
import { isCapError, systemCode, systemWords } from '@cap/core';
import { exitCodeOf, INTERNAL_ERROR, type ServiceCommand } from '@cap/service-kit';
import { BackupRuns } from './backups/backup-runs.js';

const EXIT_FAULT = 2;
const EXIT_UNAVAILABLE = 69;
const EXIT_IO = 74;
const EXIT_BUSY = 75;
const EXIT_FORBIDDEN = 77;

/** Why a run ended: 0 is only for a backup that was made, verified and drilled. */
export function exitOfRun(error: unknown): number {
  if (isServiceError(error)) {
    if (error.status === 401 || error.status === 403) return EXIT_FORBIDDEN;
    return error.code === 'snapshot.busy' ? EXIT_BUSY : EXIT_UNAVAILABLE;
  }
  if (isCapError(error) && error.kind === 'refused') return EXIT_FAULT;
  if (error instanceof Error && error.name === 'AbortError') return EXIT_BUSY;
  const code = exitCodeOf(error);
  // A target that can't be written, say: what the system refuses is no fault of the program.
  return code === INTERNAL_ERROR && /^E[A-Z]+$/.test(systemCode(error) ?? '') ? EXIT_IO : code;
}

/** `cap-backup-worker run-once`, for a CronJob: one backup, and out. */
export const runOnce: ServiceCommand = {
  help: 'make one backup and end; 0 only if it was made, verified and drilled',
  async run(app) {
    const runs = app.get(BackupRuns);
    const stop = () => void runs.stop();
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, stop);
    try {
      const { backup } = await runs.run();
      process.stdout.write(`${backup.name}\n`);
      return 0;
    } catch (error) {
      process.stderr.write(`cap-backup-worker: ${systemWords(error)}\n`);
      return exitOfRun(error);
    }
  },
};
