import { describe, expect, it } from '@jest/globals';
import { CapError, type ErrorKind } from '@cap/core';
import { exitOfHttpStatus } from './exit-codes.js';
import { RemoteError, reportFailure } from './failure.js';
import { type CliIo } from './io.js';

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
  it.each<[ErrorKind, number]>([
    ['input', 65],
    ['missing', 66],
    ['refused', 2],
    ['usage', 64],
    ['conflict', 65],
    ['busy', 75],
    ['forbidden', 77],
    ['io', 74],
    ['cannot-create', 73],
    ['unavailable', 69],
    ['config', 78],
  ])('an error of kind %s ends with %d', async (kind, code) => {
    expect(await report(new CapError(kind, 'some.code', 'what went wrong'))).toEqual({
      code,
      words: 'cap: some.code: what went wrong\n',
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
    expect((await report(new RemoteError(75, 'busy'))).code).toBe(75);
  });

  it('all places of an error are listed, one a line', async () => {
    const details = [
      { file: 'a.csv', line: 3, column: 'tier', message: 'expected an integer' },
      { file: 'a.csv', line: 9, column: null, message: 'expected 3 fields' },
    ];
    expect((await report(new CapError('input', 'list.invalid', 'in words', { details }))).words).toBe(
      'cap: list.invalid: 2 faults\n  a.csv:3: tier: expected an integer\n  a.csv:9: expected 3 fields\n',
    );
  });

  it('with --json every error is one JSON value on stdout too', async () => {
    const details = [{ file: 'a.csv', line: 3, column: 'tier', message: 'expected an integer' }];
    expect(await reportJson(new CapError('input', 'list.invalid', 'in words', { details }))).toEqual({
      code: 65,
      error: { code: 'list.invalid', message: 'in words', exit: 65, details },
    });
    expect(await reportJson(new RemoteError(77, 'no such token', 'auth.invalid'))).toMatchObject({
      error: { code: 'auth.invalid', exit: 77 },
    });
    expect(await reportJson(Object.assign(new Error('failed'), { code: 'ENOSPC' }))).toMatchObject({
      error: { code: 'ENOSPC', exit: 74 },
    });
    expect(await reportJson(new TypeError('x'))).toMatchObject({ error: { code: 'internal', exit: 70 } });
  });

  it.each([
    [401, undefined, 77],
    [403, undefined, 77],
    [409, 'idempotency.in-flight', 75],
    [409, 'policy.conflict', 65],
    [429, undefined, 75],
    [503, undefined, 75],
    [400, undefined, 65],
    [404, undefined, 65],
    [422, undefined, 65],
    [500, undefined, 69],
    [504, undefined, 69],
    [507, undefined, 69],
  ])('HTTP %d %s ends with %d', (status, code, exit) => {
    expect(exitOfHttpStatus(status, code)).toBe(exit);
  });
});

it.each([
  ['mkdir', "can't make the directory /srv/data: read-only file system"],
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
