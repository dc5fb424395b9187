import { expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import { LogOutput } from './log-output.js';

const systemError = (code: string, errno: number) => Object.assign(new Error(code), { code, errno });
const FULL = systemError('ENOSPC', -28);
const NOT_NOW = systemError('EAGAIN', -11);

/** A system that takes what `takes` says for each call: so many bytes, all, or an error. */
function output(takes: (size: number) => number | Error = (size) => size) {
  const told: [string, number, string?][] = [];
  const writes: string[] = [];
  const log = new LogOutput(
    1,
    { dropped: (lines, why) => told.push(['dropped', lines, why]), again: (lost) => told.push(['again', lost]) },
    (_fd, bytes) => {
      const taken = takes(bytes.length);
      if (taken instanceof Error) throw taken;
      writes.push(bytes.subarray(0, taken).toString());
      return taken;
    },
  );
  return { log, writes, told };
}

it('writes the lines of one turn at once, in order', async () => {
  const { log, writes, told } = output();
  log.write('one\n');
  log.write('two\n');
  expect(writes).toEqual([]);
  await nextTurn();
  log.write('three\n');
  await nextTurn();
  expect(writes).toEqual(['one\ntwo\n', 'three\n']);
  expect(told).toEqual([]);
});

it('drops and counts what a full disk does not take, and says so once there is room again', async () => {
  let room = true;
  const { log, writes, told } = output((size) => (room ? size : FULL));
  for (const [line, free] of [
    ['one\n', true],
    ['two\n', false],
    ['three\nfour\n', false],
    ['five\n', true],
    ['six\n', true],
  ] as const) {
    room = free;
    log.write(line);
    await nextTurn();
  }
  expect(writes).toEqual(['one\n', 'five\n', 'six\n']);
  expect(told).toEqual([
    ['dropped', 1, 'no space left on device'],
    ['dropped', 2, 'no space left on device'],
    ['again', 3],
  ]);
});

it('a line that broke off is not glued to the next one', async () => {
  const takes: (number | Error)[] = [4, FULL];
  const { log, writes, told } = output((size) => takes.shift() ?? size);
  log.write('{"broken":1}\n{"lost":2}\n');
  await nextTurn();
  log.write('{"whole":3}\n');
  await nextTurn();
  expect(writes.join('')).toBe('{"br\n{"whole":3}\n');
  expect(told).toEqual([
    ['dropped', 2, 'no space left on device'],
    ['again', 2],
  ]);
});

it('keeps what a reader does not read now, and no more than a megabyte of it', async () => {
  let stalled = true;
  const { log, writes, told } = output((size) => (stalled ? NOT_NOW : size));
  const line = `${'x'.repeat(9_999)}\n`;
  for (let i = 0; i < 200; i++) {
    log.write(line);
    await nextTurn();
  }
  expect(told.length).toBe(200 - Math.floor((1024 * 1024) / 10_000));
  expect(told[0]).toEqual(['dropped', 1, 'nobody reads it']);
  stalled = false;
  while (writes.length === 0) await pause(10);
  expect(writes.join('')).toBe(line.repeat(200 - (told.length - 1)));
  expect(told.at(-1)).toEqual(['again', told.length - 1]);
});

it('goes on at the beginning of a file that was cut, as copytruncate cuts it', async () => {
  const file = path.join(mkdtempSync(path.join(tmpdir(), 'cap-log-')), 'log');
  const fd = openSync(file, 'a');
  const log = new LogOutput(fd, { dropped: () => undefined, again: () => undefined });
  log.write('before\n');
  await nextTurn();
  truncateSync(file);
  log.write('after\n');
  await nextTurn();
  closeSync(fd);
  expect(readFileSync(file, 'utf8')).toBe('after\n');
});

it('loses nothing when the process exits', () => {
  const source = new URL('./log-output.ts', import.meta.url).href;
  const script = `const { LogOutput } = await import('${source}'); new LogOutput(process.stdout.fd, {}).write('last words\\n'); process.exit(70);`;
  const { status, stdout } = spawnSync(
    process.execPath,
    ['--input-type=module', '--experimental-transform-types', '-e', script],
    { encoding: 'utf8' },
  );
  expect([status, stdout]).toEqual([70, 'last words\n']);
});
