const DAY_MS = 86_400_000;

/** A backup that was verified when it was made, as far as retention is concerned. */
export interface VerifiedBackup {
  name: string;
  /** RFC 3339 UTC. */
  created_at: string;
  /** Events in the log that it holds. */
  log_size: number;
}

/**
 * Which backups may be removed: those older than `days`, but never the newest one, and none at all while the newest run failed,
 * since then the old ones are all there is. Nor one with a longer log than the newest: a log only grows, so the registry has lost
 * data since (an empty volume, an old restore), and that backup may be the last to have it. A pure function, so that a dry run is
 * the real run without its last step.
 */
export function expiredBackups<T extends VerifiedBackup>(
  backups: readonly T[],
  { days, now, newestRunFailed }: { days: number; now: Date; newestRunFailed: boolean },
): T[] {
  if (newestRunFailed || backups.length === 0) return [];
  const newest = backups.reduce((a, b) => (isNewer(b, a) ? b : a));
  const oldest = now.getTime() - days * DAY_MS;
  const isOld = ({ created_at }: VerifiedBackup) => Date.parse(created_at) < oldest;
  return backups.filter((backup) => backup !== newest && backup.log_size <= newest.log_size && isOld(backup));
}

const isNewer = (a: VerifiedBackup, b: VerifiedBackup): boolean => {
  const [left, right] = [Date.parse(a.created_at), Date.parse(b.created_at)];
  return left === right ? a.name > b.name : left > right;
};
