import path from 'node:path';
import { isCapError, type ChainEvent } from '@cap/crypto';
import { parseAuditLog, parseManifest } from '@cap/proof';
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
    return { events, fault: project === undefined ? null : await manifestFault(io, project, events) };
  } catch (error) {
    if (isCapError(error) && error.code === 'audit.broken') return { events: [], fault: error.message };
    throw error;
  }
}

/** The manifest names the log as it stood when it was built: a cut tail or a rewritten log shows there. */
async function manifestFault(io: CliIo, project: string, events: readonly ChainEvent[]): Promise<string | null> {
  const file = path.join(project, 'manifest.json');
  if (!(await exists(file))) return null;
  const { audit } = parseManifest(await readInput(io, file));
  if (events.length < audit.events_count)
    return `the manifest names ${audit.events_count} events, the log has ${events.length}`;
  const digest = events[audit.events_count - 1]?.digest;
  return audit.events_count === 0 || digest === audit.tail_digest
    ? null
    : `event ${audit.events_count - 1}: the manifest names the digest ${audit.tail_digest}, the log has ${digest}`;
}
