import { z } from 'zod';
import { CapError, jcsText, parseJson, type JsonObject, digest } from '@cap/core';
import { chainFault, nextEvent, type ChainEvent } from '@cap/tlog';
import { legacyChainFault } from './legacy-audit.js';
import { auditHeadFault, writeAuditHead } from './audit-head.js';
import { readIfPresent, writeFile } from './files.js';

const eventSchema = z.strictObject({
  seq: z.int().min(0),
  ts: z.string(),
  event: z.string().min(1),
  details: z.record(z.string(), z.json()),
  prev_digest: digest,
  digest: digest,
});

/**
 * Reads an audit log: one event a line, each chained to the one before. A log that counts from 1 was written by the older
 * program (v1.0), and is chained its way. Throws CapError `audit.malformed` for a
 * line that is no event, `audit.broken` for one that does not follow, both with the line.
 */
export function parseAuditLog(bytes: Uint8Array, name: string): ChainEvent[] {
  const lines = Buffer.from(bytes).toString('utf8').split('\n');
  if (lines.pop() !== '') throw new CapError('audit.malformed', `${name}: the last line is cut off`);
  let previous: ChainEvent | null = null;
  let legacy: boolean | undefined;
  return lines.map((line, i) => {
    const place = `${name}:${i + 1}`;
    const parsed = eventSchema.safeParse(parseJson(Buffer.from(line), place));
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      throw new CapError('audit.malformed', `${place}: ${issue!.path.join('.')} ${issue!.message}`);
    }
    const event = parsed.data as ChainEvent;
    legacy ??= event.seq === 1;
    const fault = (legacy ? legacyChainFault : chainFault)(previous, event);
    if (fault) throw new CapError('audit.broken', `${place}: ${fault}`);
    previous = event;
    return event;
  });
}

/**
 * The events of a project's audit.jsonl; none if there is no such file yet. CapError `audit.broken` too when the log lacks
 * events that audit.head names: what is added then would hide the loss.
 */
export async function readAuditLog(file: string): Promise<ChainEvent[]> {
  const bytes = await readIfPresent(file);
  const events = bytes === null ? [] : parseAuditLog(bytes, file);
  const fault = isLegacyLog(events) ? null : await auditHeadFault(file, events);
  if (fault !== null) throw new CapError('audit.broken', fault);
  return events;
}

/** The older program counts from 1. */
export const isLegacyLog = (events: readonly ChainEvent[]): boolean => events[0]?.seq === 1;

/**
 * Adds an event. The file is rewritten and renamed, so that a crash leaves the log with or without the event and
 * never half a line; a project has a handful of events. `details` hold hashes and names of formats, never rows.
 */
export async function appendAuditEvent(
  file: string,
  ts: string,
  event: string,
  details: JsonObject,
): Promise<ChainEvent> {
  const events = await readAuditLog(file);
  if (isLegacyLog(events))
    throw new CapError(
      'audit.broken',
      `${file}: this log was written by the older program; new events can't be appended`,
    );
  const next = nextEvent(events.at(-1) ?? null, ts, event, details);
  await writeFile(file, [...events, next].map((entry) => `${jcsText(entry)}\n`).join(''), { mode: 0o600 });
  await writeAuditHead(file, next);
  return next;
}
