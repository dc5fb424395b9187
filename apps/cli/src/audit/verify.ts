import path from 'node:path';
import { isCapError, type ChainEvent } from '@cap/crypto';
import { parseAuditLog, Project, projectLogFault } from '@cap/proof';
import { EXIT, type ExitCode } from '../frame/exit-codes.js';
import { exists, inputName, readInput } from '../frame/input.js';
import { printResult, type CliIo } from '../frame/io.js';

/**
 * Walks the hash chain of an audit log from its genesis. A broken chain is a fault (exit 2) that names the event; a line
 * that is no event at all is malformed input (exit 65).
 */
export async function verifyAudit(
  io: CliIo,
  options: { project?: string; json?: boolean },
  file?: string,
): Promise<ExitCode> {
  const name = file ?? path.join(options.project ?? '.', 'audit.jsonl');
  const { events, fault } = await judge(io, name, options.project);
  const tail_digest = fault === null ? (events.at(-1)?.digest ?? null) : null;
  printResult(io, options, { file: name, ok: fault === null, fault, events: events.length, tail_digest }, () =>
    fault === null ? `ok: ${events.length} events, tail ${tail_digest ?? 'none'}` : `fault: ${fault}`,
  );
  return fault === null ? EXIT.ok : EXIT.fault;
}

async function judge(io: CliIo, name: string, project: string | undefined) {
  try {
    const events = parseAuditLog(await readInput(io, name), inputName(name));
    return { events, fault: project === undefined ? null : await projectFault(project, events) };
  } catch (error) {
    if (isCapError(error) && error.code === 'audit.broken') return { events: [], fault: error.message };
    throw error;
  }
}

/** A directory that is no project has no records that could say anything about the log. */
async function projectFault(directory: string, events: readonly ChainEvent[]): Promise<string | null> {
  if (!(await exists(path.join(directory, 'commitments.json')))) return null;
  return projectLogFault(await Project.open(directory), events);
}
