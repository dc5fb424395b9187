import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { GENESIS_DIGEST, nextEvent, type ChainEvent } from '@cap/tlog';
import { sha3Text } from '@cap/crypto';
import { appendAuditEvent, parseAuditLog } from './audit.js';

/** Written out by hand, keys of the details out of order as the older program's lines had them. */
function log(length: number): ChainEvent[] {
  const events: ChainEvent[] = [];
  let prev_digest = GENESIS_DIGEST;
  for (let seq = 1; seq <= length; seq++) {
    const ts = `2025-11-06T10:00:0${seq}Z`;
    const digest = sha3Text(`${seq}${ts}manifest_built{"count":${seq},"root":"0x1"}${prev_digest}`);
    events.push({ seq, ts, event: 'manifest_built', details: { root: '0x1', count: seq }, prev_digest, digest });
    prev_digest = digest;
  }
  return events;
}
const parse = (events: readonly object[]) =>
  parseAuditLog(Buffer.from(events.map((event) => `${JSON.stringify(event)}\n`).join('')), 'agent.audit.jsonl');

describe('an audit log v1.0', () => {
  it('is an unbroken chain that counts from 1', () => {
    expect(parse(log(4)).map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
  });

  it.each([
    ['changed', (events: ChainEvent[]) => events.with(2, { ...events[2]!, details: { count: 7 } }), 'event 3: digest'],
    ['removed', (events: ChainEvent[]) => events.toSpliced(2, 1), 'event 3: its seq'],
    ['swapped', (events: ChainEvent[]) => events.with(1, events[2]!).with(2, events[1]!), 'event 2: its seq'],
    ['cut off from the first', (events: ChainEvent[]) => events.slice(1), 'event 0: its seq'],
    [
      'put in from another log',
      (events: ChainEvent[]) => events.with(2, { ...events[2]!, prev_digest: GENESIS_DIGEST }),
      'event 3: prev_digest',
    ],
    [
      'chained in the current way',
      (events: ChainEvent[]) => [...events, nextEvent(events.at(-1)!, '2025-11-06T11:00:00Z', 'e', {})],
      'event 5: digest',
    ],
  ])('names the event that was %s', (_, change, named) => {
    expect(() => parse(change(log(4)))).toThrow(expect.objectContaining({ code: 'audit.broken' }));
    expect(() => parse(change(log(4)))).toThrow(named);
  });

  it('is no current log with other numbers', () => {
    const first = nextEvent(null, '2025-11-06T10:00:00Z', 'e', {});
    expect(() => parse([{ ...first, seq: 1 }])).toThrow('event 1: digest');
  });

  it('is never added to', async () => {
    const directory = await mkdtemp(path.join(tmpdir(), 'log-'));
    const file = path.join(directory, 'audit.jsonl');
    const text = log(2)
      .map((event) => `${JSON.stringify(event)}\n`)
      .join('');
    try {
      await writeFile(file, text);
      await expect(appendAuditEvent(file, '2026-01-01T00:00:00Z', 'e', {})).rejects.toMatchObject({
        kind: 'input',
        code: 'audit.broken',
      });
      expect(await readFile(file, 'utf8')).toBe(text);
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});
