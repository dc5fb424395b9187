import path from 'node:path';
import { z } from 'zod';
import { jcsText, digest } from '@cap/core';
import type { ChainEvent } from '@cap/tlog';
import { parseFile, readIfPresent, writeFile } from './files.js';

/**
 * audit.head, beside audit.jsonl, names its last event. A hash chain that lost its newest events is still a
 * chain; only a record outside of it shows the loss. Whoever can write both files can hide it: that needs a witness.
 */
const headSchema = z.strictObject({
  schema: z.literal('cap-audit-head.v1'),
  events_count: z.int().min(1),
  tail_digest: digest,
});

export const AUDIT_HEAD = 'audit.head';
const headOf = (log: string): string => path.join(path.dirname(log), AUDIT_HEAD);

/** Names the last event. After the log itself: a crash in between leaves a head that is one event behind. */
export async function writeAuditHead(log: string, last: ChainEvent): Promise<void> {
  const head = { schema: 'cap-audit-head.v1', events_count: last.seq + 1, tail_digest: last.digest };
  await writeFile(headOf(log), `${jcsText(head)}\n`, { mode: 0o600 });
}

/** What events the log lacks that its head names, or null. Says which file names what. */
export async function auditHeadFault(log: string, events: readonly ChainEvent[]): Promise<string | null> {
  const file = headOf(log);
  const bytes = await readIfPresent(file);
  if (bytes === null)
    return events.length === 0 ? null : `${file}: no such file; without it nobody knows whether the log lost events`;
  const { events_count, tail_digest } = parseFile(file, bytes, headSchema);
  if (events.length < events_count)
    return `${file} names ${events_count} events, the log has ${events.length}: its newest are lost`;
  const { digest } = events[events_count - 1]!;
  return digest === tail_digest
    ? null
    : `event ${events_count - 1}: ${file} names the digest ${tail_digest}, the log has ${digest}`;
}
