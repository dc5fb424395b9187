import { describe, expect, it } from '@jest/globals';
import { loadConfig, parseAddress, parseServiceFlags, type ServiceName } from './index.js';

const plan = (role: ServiceName, document: object, args: string[] = [], environment: NodeJS.ProcessEnv = {}) => {
  const tlsFiles = { cert: import.meta.filename, key: import.meta.filename };
  const { tls, ...rest } = document as { tls?: object };
  const oauth = { issuer: 'i', audience: 'a', public_key_path: import.meta.filename };
  const all = { oauth, ...rest, ...(tls ? { tls: { ...tlsFiles, ...tls } } : {}) };
  const { listen } = loadConfig({ role, document: all, flags: parseServiceFlags(args).flags, environment });
  const text = ({ host, port }: { host: string; port: number }) => `${host}:${port}`;
  return [
    text(listen.management),
    listen.apiOnManagement,
    listen.api && `${listen.api.tls ? 'tls' : 'plain'} ${text(listen.api.address)}`,
  ];
};

describe('addresses', () => {
  it.each([
    ['127.0.0.1:8080', { host: '127.0.0.1', port: 8080 }],
    ['[::]:8443', { host: '::', port: 8443 }],
    ['localhost:0', { host: 'localhost', port: 0 }],
  ])('%s', (text, address) => expect(parseAddress(text)).toEqual(address));

  it.each(['8080', ':8080', '127.0.0.1', '::1:80', '127.0.0.1:65536', '300.1.1.1:80', '[:::]:80', 'a b:1', ''])(
    'refuses %j',
    (text) => expect(() => parseAddress(text)).toThrow('expected HOST:PORT'),
  );
});

describe('listeners without TLS', () => {
  it.each([
    ['verifier' as const, '127.0.0.1:8080'],
    ['registry' as const, '127.0.0.1:8081'],
    ['backup' as const, '127.0.0.1:8082'],
  ])('%s serves everything on its management listener', (role, address) =>
    expect(plan(role, {})).toEqual([address, true, null]),
  );

  it('--bind, or the variable, moves the API to a listener of its own', () => {
    expect(plan('verifier', {}, ['--bind', '127.0.0.1:9000'])).toEqual([
      '127.0.0.1:8080',
      false,
      'plain 127.0.0.1:9000',
    ]);
    expect(plan('verifier', {}, [], { CAP_SERVER__BIND: '127.0.0.1:9000' })).toEqual([
      '127.0.0.1:8080',
      false,
      'plain 127.0.0.1:9000',
    ]);
    expect(
      plan('registry', { registry: { bind: '127.0.0.1:9' } }, [
        '--bind',
        '127.0.0.1:0',
        '--management-bind',
        '127.0.0.1:0',
      ]),
    ).toEqual(['127.0.0.1:0', false, 'plain 127.0.0.1:0']);
  });

  it("a file's server.bind is served besides the management listener: the original operations manual uses one file in both modes", () => {
    expect(plan('verifier', { server: { bind: '0.0.0.0:8443' } })).toEqual([
      '127.0.0.1:8080',
      true,
      'plain 0.0.0.0:8443',
    ]);
  });

  it('registry.bind and backup.bind are where such a service is reached', () => {
    expect(plan('registry', { registry: { bind: '127.0.0.1:9001' } })).toEqual(['127.0.0.1:9001', true, null]);
    expect(plan('backup', { backup: { bind: '127.0.0.1:9002' }, registry: { bind: '127.0.0.1:1' } })).toEqual([
      '127.0.0.1:9002',
      true,
      null,
    ]);
    expect(
      plan('registry', { registry: { bind: '127.0.0.1:9001' }, server: { management_bind: '127.0.0.1:9003' } }),
    ).toEqual(['127.0.0.1:9003', true, 'plain 127.0.0.1:9001']);
  });

  it('one address for both is one listener', () => {
    expect(plan('verifier', { server: { bind: '127.0.0.1:7', management_bind: '127.0.0.1:7' } })).toEqual([
      '127.0.0.1:7',
      true,
      null,
    ]);
  });
});

describe('listeners with TLS', () => {
  const tls = { mode: 'tls' };
  it.each([
    ['verifier' as const, '127.0.0.1:8080', '0.0.0.0:8443'],
    ['registry' as const, '127.0.0.1:8081', '0.0.0.0:8444'],
  ])('%s has an API listener of its own', (role, management, api) =>
    expect(plan(role, { tls })).toEqual([management, false, `tls ${api}`]),
  );

  it('server.bind, registry.bind and --bind name it, each stronger than the one before', () => {
    const document = { tls, server: { bind: '127.0.0.1:1' } };
    expect(plan('registry', document)[2]).toBe('tls 127.0.0.1:1');
    expect(plan('registry', { ...document, registry: { bind: '127.0.0.1:2' } })[2]).toBe('tls 127.0.0.1:2');
    expect(plan('registry', { ...document, registry: { bind: '127.0.0.1:2' } }, ['--bind', '127.0.0.1:3'])[2]).toBe(
      'tls 127.0.0.1:3',
    );
  });
});
