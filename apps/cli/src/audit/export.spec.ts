import { readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { jcsText } from '@cap/core';
import { nextEvent, type ChainEvent } from '@cap/tlog';
import { cap, scratch } from '../cli.fixture.js';

const first = nextEvent(null, '2025-11-06T10:00:00Z', 'lists.committed', { number: 1, text: 'a "b", c' });
const events: ChainEvent[] = [first, nextEvent(first, '2025-11-07T10:00:00Z', '=HYPERLINK("x")', {})];
const LOG = events.map((event) => `${jcsText(event as never)}\n`).join('');

describe('cap audit export', () => {
  it('writes what cap audit verify reads again', async () => {
    const directory = await scratch();
    await writeFile(path.join(directory, 'audit.jsonl'), LOG);
    const file = path.join(directory, 'copy.jsonl');
    const { code, out } = await cap(['audit', 'export', '--project', directory, '--out', file, '--json']);
    expect([code, JSON.parse(out)]).toMatchObject([0, { file, events: 2, tail_digest: events[1]!.digest }]);
    expect(await readFile(file, 'utf8')).toBe(LOG);
    expect((await cap(['audit', 'verify', file])).code).toBe(0);
  });

  it('makes a table in which nothing is a formula', async () => {
    const { code, out } = await cap(['audit', 'export', '-', '--format', 'csv'], { stdin: LOG });
    expect(code).toBe(0);
    expect(out.split('\n')).toEqual([
      'seq,ts,event,details,digest',
      `0,2025-11-06T10:00:00Z,lists.committed,"{""number"":1,""text"":""a \\""b\\"", c""}",${events[0]!.digest}`,
      `1,2025-11-07T10:00:00Z,"'=HYPERLINK(""x"")",{},${events[1]!.digest}`,
      '',
    ]);
  });

  it('writes nothing of a log that is broken, and calls what is none malformed', async () => {
    const out = path.join(await scratch(), 'never');
    const broken = await cap(['audit', 'export', '-', '--out', out], { stdin: LOG.replace('a \\"b', 'a \\"c') });
    expect(broken).toMatchObject({ code: 2, out: '', err: expect.stringContaining('audit.fault') });
    expect((await cap(['audit', 'export', '-', '--out', out], { stdin: 'no json\n' })).code).toBe(65);
    await expect(stat(out)).rejects.toThrow('ENOENT');
  });
});
