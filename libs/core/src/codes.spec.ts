import { describe, expect, it } from '@jest/globals';
import {
  API_CODES,
  ERROR_CODES,
  type ErrorCode,
  type ErrorKind,
  exitOf,
  exitOfHttpStatus,
  retryAfterOf,
  serviceExitOf,
  statusOf,
} from './codes.js';
import { CapError, isRemoteError, remoteError } from './errors.js';

describe('the table of codes', () => {
  it.each<[ErrorKind, ErrorCode, number, number, number]>([
    ['input', 'list.invalid', 400, 65, 65],
    ['missing', 'file.missing', 404, 66, 66],
    ['refused', 'backup.signature', 422, 2, 78],
    ['usage', 'option.missing', 422, 64, 64],
    ['conflict', 'bundle.held', 409, 65, 75],
    ['busy', 'storage.owned', 503, 75, 75],
    ['forbidden', 'key.forbidden', 403, 77, 77],
    ['io', 'storage.failed', 500, 74, 74],
    ['cannot-create', 'output.exists', 500, 73, 73],
    ['unavailable', 'storage.unreachable', 503, 69, 69],
    ['config', 'config.invalid', 500, 78, 78],
    ['internal', 'internal', 500, 70, 70],
  ])('a code of kind %s', (kind, code, http, exit, serviceExit) => {
    expect(new CapError(code, 'x')).toMatchObject({ kind, code, status: http, exit });
    expect([statusOf(code), exitOf(code), serviceExitOf(code)]).toEqual([http, exit, serviceExit]);
  });

  it('gives 0 and 1 to no error', () => {
    for (const code of ERROR_CODES) expect(exitOf(code)).toBeGreaterThan(1);
  });

  it('has the statuses that the API promises', () => {
    expect(Object.fromEntries(API_CODES.map((code) => [code, statusOf(code)]))).toMatchObject({
      'auth.missing': 401,
      'auth.scope': 403,
      'request.too-large': 413,
      'bundle.limit': 413,
      'policy.unknown': 404,
      'policy.conflict': 409,
      'idempotency.mismatch': 422,
      'idempotency.in-flight': 409,
      'rate.limited': 429,
      'registry.unavailable': 503,
      timeout: 504,
      'storage.full': 507,
      internal: 500,
    });
    for (const code of ['rate.limited', 'overloaded', 'registry.unavailable', 'idempotency.in-flight'] as const)
      expect(retryAfterOf(code)).toBeGreaterThan(0);
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
  ])('HTTP %d %s ends a command with %d', (status, code, exit) => {
    expect(exitOfHttpStatus(status, code)).toBe(exit);
  });
});

describe('the error of another service', () => {
  it('keeps its code, status and time, and takes none from the table', () => {
    const error = remoteError({ status: 404, code: 'entry.unknown' }, 'no such entry', { retryAfter: 7 });
    expect(error).toMatchObject({ code: 'entry.unknown', status: 404, retryAfter: 7, exit: 65 });
    expect(isRemoteError(error)).toBe(true);
    expect(remoteError({ status: 503, code: 'overloaded' }, 'x').retryAfter).toBeUndefined();
    expect(isRemoteError(new CapError('overloaded', 'x'))).toBe(false);
  });

  it.each(['of.a-newer-version', 'constructor', ''])('with a code that is not known (%j) is service.failed', (code) => {
    const error = remoteError({ status: 418, code }, 'x');
    expect(error).toMatchObject({ code: 'service.failed', status: 418, exit: 65, remote: { status: 418, code } });
  });

  it('that did not answer has the exit code of its code', () => {
    const remote = { status: null, code: 'registry.unavailable' };
    expect(new CapError('registry.unavailable', 'x', { remote })).toMatchObject({ status: 503, exit: 69 });
  });
});
