import { rfc3339 } from '@cap/crypto';
import type { CheckpointVerification, LogFailure, LogTrust } from '@cap/tlog';
import { printable } from '../printable.js';

export type Failure = LogFailure<string>;

export const failureLines = (failures: readonly Failure[]): string[] =>
  failures.map(({ code, message }) => `fault: ${code}: ${printable(message)}`);

/** The last second that a Date can represent. */
const LATEST = 8_640_000_000_000;

/** RFC 3339; a time beyond the year 275760 stays a number of seconds. */
const timeText = (seconds: number): string => (seconds > LATEST ? `${seconds} s` : rfc3339(new Date(seconds * 1000)));

export const witnessTimes = (witnesses: CheckpointVerification['witnesses']) =>
  witnesses.map(({ name, time }) => ({ name, time: timeText(time) }));

/** Which trusted keys signed and cosigned a checkpoint. */
export function signerLines(
  origin: string,
  { signed_by, witnesses }: Pick<CheckpointVerification, 'signed_by' | 'witnesses'>,
  { witnessThreshold }: LogTrust,
): string[] {
  const cosigned = witnessTimes(witnesses).map(({ name, time }) => `cosigned by     ${printable(name)} at ${time}`);
  return [
    `log             ${printable(origin)}`,
    `signed by       ${signed_by.map(printable).join(', ') || 'nobody you trust'}`,
    ...(cosigned.length > 0 ? cosigned : ['cosigned by     nobody you trust']),
    `witnesses       ${witnesses.length}, required ${witnessThreshold}`,
  ];
}
