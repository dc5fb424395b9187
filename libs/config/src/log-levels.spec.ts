import { describe, expect, it } from '@jest/globals';
import { levelOf, parseLogLevels } from './index.js';

describe('log levels', () => {
  it.each([
    ['info', 'http', 'info'],
    ['DEBUG', 'http', 'debug'],
    ['http=debug', 'http', 'debug'],
    ['http=debug', 'auth', 'info'],
    ['warn,http=trace', 'auth', 'warn'],
    ['http=trace, error', 'HTTP', 'trace'],
    ['cap_agent=debug,tower_http=info', 'cap_agent', 'debug'],
  ])('%s: module %s logs at %s', (spec, module, level) => expect(levelOf(parseLogLevels(spec), module)).toBe(level));

  it.each(['', 'loud', 'http=', '=info', 'http=loud', 'info,warn', 'info,', 'a=b=info', 'verbose', 'constructor'])(
    'refuses %j',
    (spec) => expect(() => parseLogLevels(spec)).toThrow('expected a level'),
  );
});
