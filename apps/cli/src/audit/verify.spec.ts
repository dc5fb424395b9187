import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { jcsText } from '@cap/core';
import { nextEvent, type ChainEvent } from '@cap/tlog';
import { cap, scratch } from '../cli.fixture.js';

function chain(length: number): ChainEvent[] {
  const events: ChainEvent[] = [];
  for (let i = 0; i < length; i++)
    events.push(nextEvent(events.at(-1) ?? null, '2025-11-06T10:00:00Z', 'step.done', { number: i }));
  return events;
}
const lines = (events: readonly object[]) => events.map((event) => `${jcsText(event)}\n`).join('');
const verify = (text: string) => cap(['audit', 'verify', '-', '--json'], { stdin: text });

describe('cap audit verify', () => {
  it('accepts an unbroken chain', async () => {
    const events = chain(5);
    const { code, out } = await verify(lines(events));
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ ok: true, events: 5, tail_digest: events[4]!.digest });
  });

  it('says what a chain alone does not show', async () => {
    const { code, out } = await cap(['audit', 'verify', '-'], { stdin: lines(chain(5)) });
    expect([code, out.split('\n')[0]]).toEqual([0, expect.stringContaining('ok: 5 events are linked')]);
    expect(out).toContain('rewritten from the start, is linked too');
  });

  it.each([
    ['changed', (events: ChainEvent[]) => events.with(2, { ...events[2]!, details: { number: 7 } }), 'event 2'],
    ['removed', (events: ChainEvent[]) => events.toSpliced(2, 1), 'event 2'],
    ['swapped', (events: ChainEvent[]) => events.with(1, events[2]!).with(2, events[1]!), 'event 1'],
    ['doubled', (events: ChainEvent[]) => events.toSpliced(3, 0, events[2]!), 'event 3'],
  ])('names the event that was %s', async (_, change, named) => {
    const { code, out } = await verify(lines(change(chain(5))));
    expect(code).toBe(2);
    expect(JSON.parse(out)).toMatchObject({ ok: false, fault: expect.stringContaining(named) });
  });

  it('calls a line that is no event malformed input, with its place', async () => {
    const { code, err } = await verify(`${lines(chain(1))}{"seq":1}\n`);
    expect(code).toBe(65);
    expect(err).toContain('stdin:2');
    expect((await verify('no json\n')).code).toBe(65);
  });

  it('reads the log of a project; a missing one is 66', async () => {
    const project = await scratch();
    expect((await cap(['audit', 'verify', '--project', project])).code).toBe(66);
    await writeFile(path.join(project, 'audit.jsonl'), lines(chain(2)));
    expect((await cap(['audit', 'verify', '--project', project])).code).toBe(0);
  });
});
