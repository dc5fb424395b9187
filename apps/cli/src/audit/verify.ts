import path from 'node:path';
import { EXIT, type ExitCode, isCapError } from '@cap/core';
import { type ChainEvent } from '@cap/tlog';
import { parseAuditLog, Project, projectLogFault } from '@cap/prover';
import { exists, inputName, readInput } from '../frame/input.js';
import { printResult, type CliIo } from '../frame/io.js';

/** An audit log by its file, or as the one of a project. */
export interface LogPlace {
  project?: string;
}

const ALONE =
  'A log that was cut at its end, or written anew from the start, links up too: compare the tail with the audit member of a\n' +
  'manifest, or give --project.';

/**
 * Walks the hash chain of an audit log from its genesis. A broken chain is a fault (exit 2) that names the event; a line
 * that is no event at all is malformed input (exit 65).
 */
export async function verifyAudit(
  io: CliIo,
  options: LogPlace & { json?: boolean; signer?: string; logKey?: string[] },
  file?: string,
): Promise<ExitCode> {
  if (file !== undefined && file !== '-') {
    const { isExport, verifyExport } = await import('./registry/verify.js');
    if (await isExport(file)) return verifyExport(io, options, file);
  }
  const { name, events, fault } = await judgeLog(io, options, file);
  const tail_digest = fault === null ? (events.at(-1)?.digest ?? null) : null;
  printResult(io, options, { file: name, ok: fault === null, fault, events: events.length, tail_digest }, () =>
    fault === null
      ? [
          `ok: ${events.length} events link up, tail ${tail_digest ?? 'none'}`,
          ...(options.project === undefined ? [ALONE] : []),
        ].join('\n')
      : `fault: ${fault}`,
  );
  return fault === null ? EXIT.ok : EXIT.fault;
}

/** The events of a log, and what is wrong with their chain. */
export async function judgeLog(
  io: CliIo,
  { project }: LogPlace,
  file?: string,
): Promise<{ name: string; events: ChainEvent[]; fault: string | null }> {
  const name = file ?? path.join(project ?? '.', 'audit.jsonl');
  try {
    const events = parseAuditLog(await readInput(io, name), inputName(name));
    return { name, events, fault: project === undefined ? null : await projectFault(project, events) };
  } catch (error) {
    if (isCapError(error) && error.code === 'audit.broken') return { name, events: [], fault: error.message };
    throw error;
  }
}

/** A directory that is no project has no records that could say anything about the log. */
async function projectFault(directory: string, events: readonly ChainEvent[]): Promise<string | null> {
  if (!(await exists(path.join(directory, 'commitments.json')))) return null;
  return projectLogFault(await Project.open(directory), events);
}
