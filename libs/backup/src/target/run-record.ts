import path from 'node:path';
import { z } from 'zod';
import { isCapError, parseJson, systemCode } from '@cap/core';
import { readRegularFile, writeFileDurable } from '@cap/core/files';

const FILE = '.last-run.json';
const MAX_BYTES = 1024 * 1024;
const schema = z.strictObject({
  schema: z.literal('cap-backup-run.v1'),
  started_at: z.string(),
  finished_at: z.string().nullable(),
  /** A run that is `running` while the target is not locked was killed. */
  outcome: z.enum(['running', 'success', 'failure']),
  archive: z.string().nullable(),
  /** Why it failed. */
  error: z.string().nullable(),
  /** Id of the snapshot that it uses, so that the next run can release that of a killed one. */
  lease: z.string().nullable(),
  /** Null while it runs. */
  duration_seconds: z.number().nullable(),
  /** When a drill last restored a backup of this target without a fault, in this run or an earlier one. */
  drilled_at: z.string().nullable(),
});

/** The newest run on a target, recorded beside the archives so that retention knows of a failure after a restart too. */
export type RunRecord = z.infer<typeof schema>;

export const writeRunRecord = (target: string, record: RunRecord): Promise<void> =>
  writeFileDurable(path.join(target, FILE), `${JSON.stringify(record, null, 2)}\n`);

/** Null if there was no run yet. An unreadable record counts as a failed run, so that retention removes nothing. */
export async function readRunRecord(target: string): Promise<RunRecord | null> {
  const file = path.join(target, FILE);
  try {
    return schema.parse(parseJson(await readRegularFile(file, MAX_BYTES), file));
  } catch (error) {
    const code = isCapError(error) ? undefined : systemCode(error);
    if (code === 'ENOENT') return null;
    if (code !== undefined) throw error;
    return {
      schema: 'cap-backup-run.v1',
      started_at: '',
      finished_at: null,
      outcome: 'failure',
      archive: null,
      error: `${file} can't be read`,
      lease: null,
      duration_seconds: null,
      drilled_at: null,
    };
  }
}
