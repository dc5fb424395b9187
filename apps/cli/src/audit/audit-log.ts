import path from 'node:path';
import { isCapError } from '@cap/core';
import { parseAuditLog, Project, projectLogFault } from '@cap/prover';
import type { ChainEvent } from '@cap/tlog';
import { exists, inputName, readInput } from '../input.js';
import type { CliIo } from '../io.js';

/** The events of an audit log, and what is wrong with their chain: of a file, or of a project's audit.jsonl. */
export async function checkLog(
  io: CliIo,
  project: string | undefined,
  file: string | undefined,
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

/** A directory that is not a project has no records to compare the log with. */
async function projectFault(directory: string, events: readonly ChainEvent[]): Promise<string | null> {
  if (!(await exists(path.join(directory, 'commitments.json')))) return null;
  return projectLogFault(await Project.open(directory), events);
}
