import { expect, it } from '@jest/globals';
import { ConfigError } from '@cap/config';
import { CapError } from '@cap/core';
import { exitCodeOf } from './exit-code.js';

const system = (members: object) => Object.assign(new Error('x'), members);

it.each([
  [new ConfigError([]), 78],
  [new CapError('usage', 'x'), 64],
  [new CapError('storage.owned', 'x'), 75],
  [new CapError('key.forbidden', 'x'), 77],
  [new CapError('storage.failed', 'x'), 74],
  // 2 and 65 for a command; whoever supervises a service must not start it again, or must.
  [new CapError('storage.version', 'x'), 78],
  [new CapError('list.conflict', 'x'), 75],
  [system({ code: 'EADDRINUSE', syscall: 'listen' }), 75],
  [system({ code: 'EACCES', syscall: 'listen' }), 77],
  [system({ code: 'EADDRNOTAVAIL', syscall: 'listen' }), 78],
  [system({ code: 'EACCES', syscall: 'open' }), 70],
  [system({ kind: 'toString' }), 70],
  [new TypeError('x'), 70],
  ['a string', 70],
])('%p ends a service with %i', (error, code) => expect(exitCodeOf(error)).toBe(code));
