import { afterEach, describe, expect, it, jest } from '@jest/globals';
import type { LoadInput, ServiceName } from './index.js';

/** The loader as it is elsewhere, or as the bundle of an image has it. */
async function loader(inImage: boolean) {
  jest.resetModules();
  if (inImage) Object.assign(globalThis, { CAP_IN_IMAGE: true });
  const { loadConfig } = await import('./index.js');
  return (role: ServiceName, document: unknown = {}, more: Partial<LoadInput> = {}) =>
    loadConfig({ role, document, ...more });
}
afterEach(() => void Reflect.deleteProperty(globalThis, 'CAP_IN_IMAGE'));

const OAUTH = { oauth: { issuer: 'i', audience: 'a', public_key_path: import.meta.filename } };
const PORTS = [
  ['verifier', 8080],
  ['registry', 8081],
  ['backup', 8082],
] as const;

describe('what nobody has said', () => {
  it('on a machine: management on loopback, the directories of install.sh, no certificate', async () => {
    const load = await loader(false);
    for (const [role, port] of PORTS) expect(load(role, OAUTH).listen.management).toEqual({ host: '127.0.0.1', port });
    const { registry, backup, tls } = load('registry').config;
    expect(registry).toMatchObject({
      database: '/var/lib/cap-verifier/registry.db',
      blobs: '/var/lib/cap-verifier/blobs',
    });
    expect(backup).toMatchObject({
      target: '/backups/cap-verifier',
      sources: { keys: '/var/lib/cap-verifier/keys', config: '/etc/cap-verifier', certs: '/etc/cap-verifier/certs' },
    });
    expect([tls.cert, tls.key]).toEqual([undefined, undefined]);
    expect(() => load('registry', { tls: { mode: 'tls' } })).toThrow('tls.cert: expected a path');
  });

  it('in an image: management where the network of containers reaches it, /data, /config, /certs', async () => {
    const load = await loader(true);
    for (const [role, port] of PORTS) expect(load(role, OAUTH).listen.management).toEqual({ host: '0.0.0.0', port });
    const { registry, backup, tls } = load('registry').config;
    expect(registry).toMatchObject({ database: '/data/registry.db', blobs: '/data/blobs' });
    expect(backup).toMatchObject({
      target: '/backups/cap-verifier',
      sources: { keys: '/data/keys', config: '/config', certs: '/certs' },
    });
    expect([tls.cert, tls.key]).toEqual(['/certs/tls.crt', '/certs/tls.key']);
    expect(() => load('registry', {}, { environment: { TLS_MODE: 'tls' } })).toThrow(
      'tls.cert: expected a readable file at /certs/tls.crt',
    );
  });

  it('in an image too, what a file says goes before it', async () => {
    const load = await loader(true);
    const document = {
      server: { management_bind: '127.0.0.1:9000' },
      registry: { database: '/elsewhere/registry.db', blobs: '/elsewhere/blobs' },
      tls: { mode: 'tls', cert: import.meta.filename, key: import.meta.filename },
    };
    const { config, listen } = load('registry', document);
    expect(listen.management).toEqual({ host: '127.0.0.1', port: 9000 });
    expect(config.registry).toMatchObject(document.registry);
    expect(config.tls.cert).toBe(import.meta.filename);
  });
});
