import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ConfigError, loadConfig } from './index.js';

const load = (environment: NodeJS.ProcessEnv, document: unknown = {}) =>
  loadConfig({ role: 'registry', document, environment }).config;
const messageOf = (environment: NodeJS.ProcessEnv) => {
  try {
    load(environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  throw new Error('nothing was wrong');
};

describe('environment variables', () => {
  let directory: string;
  beforeAll(() => void (directory = mkdtempSync(path.join(tmpdir(), 'cap-environment-'))));
  afterAll(() => rmSync(directory, { recursive: true }));

  it('set every kind of key', () => {
    const hash = `sha256:${'a'.repeat(64)}`;
    const config = load({
      CAP_ENVIRONMENT: 'production',
      CAP_TLS__ALLOW_PLAINTEXT: 'true',
      CAP_LIMITS__JSON_BYTES: '1000',
      CAP_SERVER__TRUSTED_PROXIES: '10.0.0.0/8, ::1',
      CAP_VERIFICATION__BACKEND: 'disclosure,mock',
      CAP_REGISTRY__TOKENS__VERIFIER: `${hash},${hash}`,
      CAP_BACKUP__SOURCES__KEYS: '',
      CAP_TLS__MIN_VERSION: '1.3',
    });
    expect(config).toMatchObject({
      environment: 'production',
      tls: { allow_plaintext: true, min_version: '1.3' },
      limits: { json_bytes: 1000 },
      server: { trusted_proxies: ['10.0.0.0/8', '::1'] },
      verification: { backend: ['disclosure', 'mock'] },
      registry: { tokens: { verifier: [hash, hash] } },
      backup: { sources: { keys: null } },
    });
  });

  it('keep a text that looks like a number where a text is expected', () => {
    expect(load({ CAP_REGISTRY__TOKEN: '1234567890123456' }).registry.token).toBe('1234567890123456');
  });

  it('TLS_MODE and LOG_LEVEL are keys too; RUST_LOG is the weaker name, CAP_… the stronger', () => {
    expect(load({ RUST_LOG: 'debug' }).server.log_level).toBe('debug');
    expect(load({ RUST_LOG: 'debug', LOG_LEVEL: 'warn' }).server.log_level).toBe('warn');
    expect(load({ LOG_LEVEL: 'warn', CAP_SERVER__LOG_LEVEL: 'error' }).server.log_level).toBe('error');
    expect(load({ LOG_LEVEL: '' }).server.log_level).toBe('info');
    expect(messageOf({ TLS_MODE: 'on' })).toContain('environment variable TLS_MODE: tls.mode');
    expect(messageOf({ RUST_LOG: 'verbose' })).toContain(
      'environment variable RUST_LOG: server.log_level: expected a level',
    );
  });

  it('that name no key are refused', () => {
    expect(messageOf({ CAP_SERVER__NO_SUCH_KEY: '1' })).toBe(
      'environment variable CAP_SERVER__NO_SUCH_KEY: server.no_such_key: unknown key',
    );
    expect(messageOf({ CAP_SERVER: '1' })).toContain('CAP_SERVER: server: unknown key');
    expect(messageOf({ CAP_SERVER__CONSTRUCTOR: '1' })).toContain('unknown key');
  });

  it('reserved ones, and those that Kubernetes makes for a Service, are left alone', () => {
    const environment = {
      CAP_TOKEN: 'x',
      CAP_REGISTRY_SERVICE_HOST: '10.0.0.1',
      CAP_REGISTRY_SERVICE_PORT: '8081',
      CAP_REGISTRY_SERVICE_PORT_HTTP: '8081',
      CAP_REGISTRY_PORT: 'tcp://10.0.0.1:8081',
      CAP_VERIFIER_SVC_PORT_8443_TCP_ADDR: '10.0.0.2',
    };
    expect(load(environment).registry.url).toBe('http://127.0.0.1:8081');
  });

  it('…_FILE gives a secret from a file, without its last line end', () => {
    const file = path.join(directory, 'token');
    writeFileSync(file, 'a secret of some length\n');
    expect(load({ CAP_REGISTRY__TOKEN_FILE: file }).registry.token).toBe('a secret of some length');
    expect(messageOf({ CAP_REGISTRY__TOKEN_FILE: file, CAP_REGISTRY__TOKEN: 'b secret of some length' })).toContain(
      'expected either',
    );
    expect(messageOf({ CAP_REGISTRY__TOKEN_FILE: '/nowhere' })).toContain('expected a readable file at /nowhere');
    expect(messageOf({ CAP_REGISTRY__URL_FILE: file })).toContain('unknown key');
  });

  it('…_FILE gives the keys of a bucket and the URL of the database too', () => {
    const fileOf = (name: string, text: string) => {
      const file = path.join(directory, name);
      writeFileSync(file, `${text}\n`);
      return file;
    };
    const { blobs, database } = load({
      CAP_REGISTRY__BLOBS__BUCKET: 'cap-blobs',
      CAP_REGISTRY__BLOBS__REGION: 'eu-central-1',
      CAP_REGISTRY__BLOBS__ACCESS_KEY_ID_FILE: fileOf('id', 'AKID'),
      CAP_REGISTRY__BLOBS__S3__SECRET_ACCESS_KEY_FILE: fileOf('secret', '0123'),
      CAP_REGISTRY__DATABASE_FILE: fileOf('url', 'postgres://cap:pass@db/cap'),
    }).registry;
    expect(blobs).toMatchObject({ s3: { access_key_id: 'AKID', secret_access_key: '0123' } });
    expect(database).toBe('postgres://cap:pass@db/cap');
    expect(messageOf({ CAP_REGISTRY__BLOBS__BUCKET_FILE: '/x' })).toContain('unknown key');
  });

  it('a key that ends in _file is no secret in a file', () => {
    expect(load({ CAP_VERIFICATION__TRUST_FILE: '/etc/trust.json' }).verification.trust_file).toBe('/etc/trust.json');
  });

  it('a wrong secret is not repeated', () => {
    const message = messageOf({ CAP_REGISTRY__TOKEN: 'canary' });
    expect(message).toContain('registry.token');
    expect(message).not.toContain('canary');
  });
});
