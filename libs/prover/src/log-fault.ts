import { isCapError, jcs } from '@cap/core';
import { sha3Text } from '@cap/crypto';
import type { ChainEvent } from '@cap/tlog';
import { auditHeadFault } from './audit-head.js';
import { isLegacyLog } from './audit.js';
import type { Project } from './project.js';

/**
 * What a project's own records say against its audit log, whose chain is unbroken: events that audit.head, the manifest
 * or the proof name and the log does not have. Null if they agree; what is not there yet says nothing.
 */
export async function projectLogFault(project: Project, events: readonly ChainEvent[]): Promise<string | null> {
  if (isLegacyLog(events)) return null;
  const headFault = await auditHeadFault(project.file('audit.jsonl'), events);
  if (headFault !== null) return headFault;
  const has = (event: string, member: string, value: string) =>
    events.some((entry) => entry.event === event && entry.details[member] === value);
  const lacks = (file: string, event: string) => `${project.file(file)} is there, the log has no event ${event} of it`;

  const hash = sha3Text(jcs(await project.commitments()));
  if (!has('lists.committed', 'commitments_hash', hash)) return lacks('commitments.json', 'lists.committed');
  const built = await ifMade(project.manifest());
  if (built === null) return null;
  const { events_count, tail_digest } = built.manifest.audit;
  if (events.length < events_count) return `the manifest names ${events_count} events, the log has ${events.length}`;
  const digest = events[events_count - 1]?.digest;
  if (events_count > 0 && digest !== tail_digest)
    return `event ${events_count - 1}: the manifest names the digest ${tail_digest}, the log has ${digest}`;
  if (!has('manifest.built', 'manifest_hash', built.hash)) return lacks('manifest.json', 'manifest.built');
  const proof = await ifMade(project.proof());
  if (proof !== null && !has('proof.made', 'proof_hash', proof.record.proof_hash))
    return lacks('proof.capz', 'proof.made');
  return null;
}

async function ifMade<T>(made: Promise<T>): Promise<T | null> {
  try {
    return await made;
  } catch (error) {
    if (isCapError(error) && error.code === 'project.incomplete') return null;
    throw error;
  }
}
