/** What a process has used, from /proc (Linux). */
import { readFileSync } from 'node:fs';

/** USER_HZ, which Linux fixes at 100 for user space. */
const TICKS_PER_SECOND = 100;

/** CPU seconds of all threads, user and system. */
export function cpuSeconds(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // Field 2 is the name in parentheses, which may hold anything; utime and stime are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

const kilobytes = (pid, name) =>
  Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
/** Resident memory now, and its peak, in MB. */
export const rss = (pid) => kilobytes(pid, 'VmRSS') / 1024;
export const peakRss = (pid) => kilobytes(pid, 'VmHWM') / 1024;
