import { describe, expect, it } from '@jest/globals';
import { CapError, remoteError } from '@cap/core';
import { reportFailure } from './failure.js';
import type { CliIo } from './io.js';

async function report(error: unknown) {
  let words = '';
  const code = await reportFailure(error, { err: (text: string) => void (words += text) } as unknown as CliIo);
  return { code, words };
}
async function reportJson(error: unknown) {
  let out = '';
  const io = { err: () => undefined, out: (text: string) => void (out += text) } as unknown as CliIo;
  const code = await reportFailure(error, io, { json: true });
  return { code, ...(JSON.parse(out) as { error: object }) };
}

describe('exit codes', () => {
  it('an error ends with the exit code of its code', async () => {
    expect(await report(new CapError('storage.full', 'what went wrong'))).toEqual({
      code: 74,
      words: 'cap: storage.full: what went wrong\n',
    });
  });

  it('an error that nobody expected is 70, never 1', async () => {
    expect((await report(new TypeError('x is not a function'))).code).toBe(70);
    expect((await report('thrown text')).code).toBe(70);
    expect((await report(undefined)).code).toBe(70);
  });

  it.each([
    ['ENOENT', 66],
    ['EACCES', 77],
    ['ENOSPC', 74],
    ['ECONNREFUSED', 69],
    ['ESOMETHING', 70],
  ])('the system error %s ends with %d', async (system, code) => {
    expect((await report(Object.assign(new Error('failed'), { code: system }))).code).toBe(code);
  });

  it('an answer of a service brings its own', async () => {
    const answer = { status: 404, code: 'entry.unknown' };
    expect(await report(remoteError(answer, 'no such entry'))).toEqual({
      code: 65,
      words: 'cap: entry.unknown: no such entry\n',
    });
    expect(await report(remoteError({ status: 409, code: 'of.a-newer-version' }, 'who knows'))).toEqual({
      code: 65,
      words: 'cap: of.a-newer-version: who knows\n',
    });
    const remote = { status: null, code: 'registry.unavailable' };
    expect((await report(new CapError('registry.unavailable', 'no answer', { remote }))).code).toBe(69);
  });

  it('all places of an error are listed, one a line', async () => {
    const details = [
      { file: 'a.csv', line: 3, column: 'tier', message: 'expected an integer' },
      { file: 'a.csv', line: 9, column: null, message: 'expected 3 fields' },
    ];
    expect((await report(new CapError('list.invalid', 'in words', { details }))).words).toBe(
      'cap: list.invalid: 2 faults\n  a.csv:3: tier: expected an integer\n  a.csv:9: expected 3 fields\n',
    );
  });

  it('with --json every error is one JSON value on stdout too', async () => {
    const details = [{ file: 'a.csv', line: 3, column: 'tier', message: 'expected an integer' }];
    expect(await reportJson(new CapError('list.invalid', 'in words', { details }))).toEqual({
      code: 65,
      error: { code: 'list.invalid', message: 'in words', exit: 65, details },
    });
    expect(await reportJson(remoteError({ status: 401, code: 'auth.invalid' }, 'no such token'))).toMatchObject({
      error: { code: 'auth.invalid', exit: 77 },
    });
    expect(await reportJson(Object.assign(new Error('failed'), { code: 'ENOSPC' }))).toMatchObject({
      error: { code: 'ENOSPC', exit: 74 },
    });
    expect(await reportJson(new TypeError('x'))).toMatchObject({ error: { code: 'internal', exit: 70 } });
  });
});

it.each([
  ['mkdir', "can't create the directory /srv/data: read-only file system"],
  ['read', "can't read /srv/data: read-only file system"],
  ['uv_something', "can't use /srv/data: read-only file system"],
])('what the system refuses is a sentence: %s', async (syscall, words) => {
  const error = Object.assign(new Error(`EROFS: read-only file system, ${syscall} '/srv/data'`), {
    code: 'EROFS',
    errno: -30,
    syscall,
    path: '/srv/data',
  });
  expect(await report(error)).toEqual({ code: 73, words: `cap: ${words}\n` });
});
