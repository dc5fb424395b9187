import { expect, it } from '@jest/globals';
import { ConfigError, UsageError } from '@cap/config';
import { exitCodeOf } from './exit-code.js';

const shaped = (members: object) => Object.assign(new Error('x'), members);

it.each([
  [new ConfigError([]), 78],
  [new UsageError('x'), 64],
  [shaped({ kind: 'busy', code: 'data.owned' }), 75],
  [shaped({ kind: 'forbidden', code: 'key.mode' }), 77],
  [shaped({ kind: 'io', code: 'x' }), 74],
  [shaped({ kind: 'refused', code: 'storage.version' }), 78],
  [shaped({ kind: 'toString' }), 70],
  [shaped({ code: 'EADDRINUSE', syscall: 'listen' }), 75],
  [shaped({ code: 'EACCES', syscall: 'listen' }), 77],
  [shaped({ code: 'EADDRNOTAVAIL', syscall: 'listen' }), 78],
  [shaped({ code: 'EACCES', syscall: 'open' }), 70],
  [new TypeError('x'), 70],
  ['a string', 70],
])('%p ends a service with %i', (error, code) => expect(exitCodeOf(error)).toBe(code));
