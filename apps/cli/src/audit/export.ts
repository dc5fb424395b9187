import { CapError, jcsText } from '@cap/core';
import { type ChainEvent } from '@cap/tlog';
import { csvCell, plainCell } from '../frame/csv-cell.js';
import { printResult, type CliIo } from '../frame/io.js';
import { writeOutput } from '../frame/output.js';
import { type ExportOptions } from './registry/export.js';
import { judgeLog, type LogPlace } from './verify.js';

const FORMATS = {
  jsonl: (events: readonly ChainEvent[]) => events.map((event) => `${jcsText(event as never)}\n`),
  csv: (events: readonly ChainEvent[]) =>
    [
      ['seq', 'ts', 'event', 'details', 'digest'],
      ...events.map(({ seq, ts, event, details, digest }) => [`${seq}`, ts, event, jcsText(details), digest]),
    ].map((cells) => `${cells.map((cell) => csvCell(plainCell(cell))).join(',')}\n`),
};
export type AuditFormat = keyof typeof FORMATS;

/** Hands the events of an audit log on, once its chain is verified. Throws CapError `audit.fault` if it is broken. */
export async function exportAudit(
  io: CliIo,
  options: LogPlace & Partial<ExportOptions> & { format: AuditFormat; out: string; json?: boolean },
  file?: string,
): Promise<void> {
  if (options.url !== undefined || options.dataDir !== undefined)
    return (await import('./registry/export.js')).exportRegistry(io, options);
  const { name, events, fault } = await judgeLog(io, options, file);
  if (fault !== null) throw new CapError('audit.fault', fault);
  await writeOutput(io, options.out, FORMATS[options.format](events).join(''), { mode: 0o600 });
  const tail_digest = events.at(-1)?.digest ?? null;
  // The events themselves are on stdout: nothing else may be.
  if (options.out === '-') return io.err(`${events.length} events, tail ${tail_digest ?? 'none'}\n`);
  printResult(
    io,
    options,
    { file: options.out, from: name, events: events.length, tail_digest },
    () => `${options.out}  ${events.length} events  ${tail_digest ?? 'none'}`,
  );
}
