import { describe, expect, it } from '@jest/globals';
import { sha3Text } from '@cap/crypto';
import { chainFault, GENESIS_DIGEST, nextEvent, type ChainEvent } from './events.js';

const chain = (n: number): ChainEvent[] => {
  const events: ChainEvent[] = [];
  for (let i = 0; i < n; i++)
    events.push(nextEvent(events.at(-1) ?? null, `2026-01-01T00:00:0${i}Z`, 'entry.registered', { id: i }));
  return events;
};
const faults = (events: ChainEvent[]) =>
  events.map((event, i) => chainFault(events[i - 1] ?? null, event)).filter(Boolean);

describe('event chain', () => {
  it('starts at 0 with the genesis digest and hashes the canonical other five members', () => {
    const [first] = chain(1);
    expect(first).toMatchObject({ seq: 0, prev_digest: GENESIS_DIGEST });
    expect(first!.digest).toBe(
      sha3Text(
        `{"details":{"id":0},"event":"entry.registered","prev_digest":"0x${'0'.repeat(64)}","seq":0,"ts":"2026-01-01T00:00:00Z"}`,
      ),
    );
  });

  it('holds when untouched, and names the first event that was changed, deleted, swapped or doubled', () => {
    const events = chain(5);
    expect(faults(events)).toEqual([]);
    const changed = events.map((event, i) => (i === 2 ? { ...event, details: { id: 7 } } : event));
    expect(faults(changed)[0]).toMatch(/^event 2: digest/);
    expect(faults(events.filter((_, i) => i !== 2))[0]).toMatch(/^event 2: its seq says 3/);
    expect(faults([events[0]!, events[2]!, events[1]!])[0]).toMatch(/^event 1: its seq says 2/);
    expect(faults([events[0]!, events[0]!])[0]).toMatch(/^event 1: its seq says 0/);
    const rehashed = nextEvent(
      { seq: 1, digest: sha3Text('other') },
      events[2]!.ts,
      events[2]!.event,
      events[2]!.details,
    );
    expect(chainFault(events[1]!, rehashed)).toMatch(/^event 2: prev_digest/);
  });
});
