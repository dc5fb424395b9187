import { type Omission } from '@cap/backup';
import { type CliIo } from '../frame/io.js';

const WHY: Record<Omission['reason'], string> = {
  private: 'private, and the archive is not encrypted',
  'linked-directory': 'a link to a directory',
  'special-file': 'neither a file nor a directory',
  name: 'a name that archives here may not have',
  corrupt: 'the registry no longer has its bytes as they were',
  missing: 'the registry no longer has its bytes',
};

/** Says on stderr what a backup does not hold. */
export function sayOmissions(io: CliIo, incomplete: readonly Omission[]): void {
  if (incomplete.length === 0) return;
  io.err(`cap: the backup is incomplete, ${incomplete.length} files are left out:\n`);
  for (const { path, reason } of incomplete)
    io.err(`  ${JSON.stringify(path).slice(1, -1)}: ${WHY[reason] ?? reason}\n`);
}

/** `26 h 5 min`, `3 d 2 h`, `12 s`. */
export function duration(seconds: number): string {
  const units: [string, number][] = [
    ['d', 86_400],
    ['h', 3_600],
    ['min', 60],
    ['s', 1],
  ];
  const first = units.findIndex(([, size]) => seconds >= size);
  if (first === -1) return `${Math.max(0, Math.round(seconds * 1000))} ms`;
  let rest = Math.round(seconds);
  const parts: string[] = [];
  for (const [name, size] of units.slice(first, first + 2)) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(`${count} ${name}`);
  }
  return parts.join(' ');
}
