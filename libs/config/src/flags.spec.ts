import { describe, expect, it } from '@jest/globals';
import { parseServiceFlags, SERVICE_FLAGS_HELP } from './index.js';

describe('service flags', () => {
  it('name the keys they set', () => {
    const line = parseServiceFlags([
      ...[
        '--config',
        'app.yaml',
        '--bind',
        'a:1',
        '--management-bind=b:2',
        '--tls',
        '--tls-cert',
        'c',
        '--tls-key',
        'k',
      ],
      ...['--client-ca', 'ca', '--log-level', 'debug', '--workers', '1'],
    ]);
    expect(line).toMatchObject({ config: 'app.yaml', command: undefined, help: false, version: false });
    expect(Object.fromEntries(line.flags.map(({ key, text }) => [key, text]))).toEqual({
      'server.bind': 'a:1',
      'server.management_bind': 'b:2',
      'tls.mode': 'tls',
      'tls.cert': 'c',
      'tls.key': 'k',
      'tls.client_ca': 'ca',
      'server.log_level': 'debug',
      'server.workers': '1',
    });
  });

  it('health waits when told to', () => {
    expect(parseServiceFlags(['health', '--wait', '--config', 'x'])).toMatchObject({
      command: 'health',
      wait: true,
      config: 'x',
    });
    expect(parseServiceFlags(['health'])).toMatchObject({ command: 'health', wait: false });
  });

  it('a service may have commands of its own', () => {
    expect(parseServiceFlags(['run-once'], ['health', 'run-once']).command).toBe('run-once');
  });

  it.each([
    [['--no-such-flag'], '--no-such-flag'],
    [['--config'], '--config'],
    [['run-once'], 'run-once'],
    [['health', 'more'], 'more'],
    [['--wait'], '--wait'],
    [['--tls', '--mtls'], '--mtls'],
  ])('refuses %j', (args, named) => {
    expect(() => parseServiceFlags(args)).toThrow(expect.objectContaining({ code: 'usage' }));
    expect(() => parseServiceFlags(args)).toThrow(named);
  });

  it('the help names every flag', () => {
    for (const flag of [
      'config',
      'bind',
      'management-bind',
      'tls',
      'tls-cert',
      'tls-key',
      'mtls',
      'client-ca',
      'log-level',
      'workers',
      'version',
      'help',
    ])
      expect(SERVICE_FLAGS_HELP).toMatch(new RegExp(`^ +(-h, )?--${flag}\\b`, 'm'));
  });
});
