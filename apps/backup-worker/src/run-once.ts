import { EXIT, type ExitCode, isCapError, isRemoteError, systemCode } from '@cap/core';
import { systemWords } from '@cap/core/files';
import type { ServiceCommand } from '@cap/service-kit';
import { BackupRuns } from './backups/backup-runs.js';

/** Why a run ended, as a command says it: 0 is only for a backup that was made, verified and drilled. */
export function exitOfRun(error: unknown): ExitCode {
  if (isCapError(error)) return error.exit;
  if (error instanceof Error && error.name === 'AbortError') return EXIT.busy;
  // A target that can't be written, say: what the system refuses is no fault of the program.
  return /^E[A-Z]+$/.test(systemCode(error) ?? '') ? EXIT.io : EXIT.internal;
}

/** `cap-backup-worker run-once`, for a CronJob: one backup, and out. */
export const runOnce: ServiceCommand = {
  help: 'make one backup and end; 0 only if it was made, verified and drilled',
  async run(app) {
    const runs = app.get(BackupRuns);
    const stop = () => void runs.stop();
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, stop);
    try {
      const { name } = await runs.run();
      process.stdout.write(`${name}\n`);
      return 0;
    } catch (error) {
      const code = isRemoteError(error) ? `${error.remote.code}: ` : '';
      process.stderr.write(`cap-backup-worker: ${code}${systemWords(error)}\n`);
      return exitOfRun(error);
    }
  },
};
