import { describe, expect, it } from '@jest/globals';
import { ConfigError, isPostgresUrl, loadConfig, type LoadInput } from './index.js';

const load = (document: unknown, more: Partial<LoadInput> = {}) => loadConfig({ role: 'registry', document, ...more });
const problem = (document: unknown) => {
  try {
    load(document);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  throw new Error('nothing was wrong');
};

describe('how long evidence is kept', () => {
  it('is for good, or for seven years and more', () => {
    expect(load({}).config.registry.retention_years).toBeNull();
    expect(load({ registry: { retention_years: 7 } }).config.registry.retention_years).toBe(7);
    for (const retention_years of [6, 0, 7.5, 'seven'])
      expect(problem({ registry: { retention_years } })).toMatchObject([{ key: 'registry.retention_years' }]);
    expect(problem({ registry: { retention_years: 6 } })[0]!.expected).toContain('LkSG § 10');
  });
});

describe('where the registry keeps its state', () => {
  const bucket = { bucket: 'cap-blobs', region: 'eu-central-1' };
  const registryOf = (registry: object, more: Partial<LoadInput> = {}) => load({ registry }, more).config.registry;

  it('is a file and a directory by default', () => {
    expect(registryOf({})).toMatchObject({
      database: '/var/lib/cap-verifier/registry.db',
      blobs: '/var/lib/cap-verifier/blobs',
    });
  });

  it('may be PostgreSQL and a bucket', () => {
    const database = 'postgresql://cap:secret@db.internal:5432/cap?sslmode=verify-full';
    const s3 = { ...bucket, prefix: 'cap/', endpoint: 'https://s3.internal', force_path_style: true };
    expect(registryOf({ database, blobs: { s3 } })).toMatchObject({ database, blobs: { s3 } });
    expect(isPostgresUrl(database)).toBe(true);
    expect(isPostgresUrl('/var/lib/postgres:/registry.db')).toBe(false);
    expect(registryOf({ database, blobs: { s3: bucket } }).blobs).toEqual({ s3: { ...bucket, prefix: '' } });
  });

  it('takes the members of a bucket from the environment, over a directory in the file, with or without S3 in the name', () => {
    const environment = {
      CAP_REGISTRY__BLOBS__BUCKET: 'cap-blobs',
      CAP_REGISTRY__BLOBS__S3__REGION: 'eu-central-1',
      CAP_REGISTRY__BLOBS__S3__FORCE_PATH_STYLE: 'true',
      CAP_REGISTRY__DATABASE: 'postgres://db/cap',
    };
    expect(registryOf({ blobs: '/blobs' }, { environment })).toMatchObject({
      database: 'postgres://db/cap',
      blobs: { s3: { ...bucket, force_path_style: true } },
    });
    expect(registryOf({ blobs: { s3: bucket } }, { environment: { CAP_REGISTRY__BLOBS: '/blobs' } }).blobs).toBe(
      '/blobs',
    );
    expect(registryOf({ database: 'postgres://db/cap', blobs: bucket }).blobs).toMatchObject({ s3: bucket });
  });

  it.each<[string, object, string]>([
    ['registry.blobs', { blobs: 's3://cap-blobs' }, 'expected a directory, or s3 with bucket and region'],
    ['registry.blobs', { blobs: 7 }, 'expected a directory, or s3 with bucket and region'],
    ['registry.blobs.s3.region', { blobs: { s3: { bucket: 'cap-blobs' } } }, 'expected string, it is not set'],
    ['registry.blobs.s3.colour', { blobs: { s3: { ...bucket, colour: 'red' } } }, 'unknown key'],
    [
      'registry.blobs.s3.bucket',
      { blobs: { s3: { ...bucket, bucket: 'Cap/Blobs' } } },
      'expected the name of a bucket',
    ],
    ['registry.blobs.s3.prefix', { blobs: { s3: { ...bucket, prefix: 'cap' } } }, 'expected a prefix that ends with /'],
    ['registry.blobs.s3', { blobs: { s3: { ...bucket, access_key_id: 'A' } } }, 'expected both of access_key_id and'],
    ['registry.blobs.s3.endpoint', { blobs: { s3: { ...bucket, endpoint: 'http://s3.internal' } } }, 'expected https,'],
    ['registry.database', { database: 'postgres:db' }, 'expected the path of an SQLite file, or postgres://'],
    ['registry.database', { database: 'postgres://cap:canary/x@db/cap' }, 'expected the path of an SQLite file, or'],
  ])('%s is refused: %j', (key, registry, expected) => {
    const found = problem({ registry: { database: 'postgres://db/cap', blobs: { s3: bucket }, ...registry } });
    expect(found).toMatchObject([{ key, expected: expect.stringContaining(expected) }]);
    expect(JSON.stringify(found)).not.toContain('canary');
  });

  it('may be a bucket over http on loopback, or if plaintext is allowed', () => {
    const blobs = { s3: { ...bucket, endpoint: 'http://127.0.0.1:9000' } };
    expect(registryOf({ database: 'postgres://db/cap', blobs }).blobs).toMatchObject(blobs);
    const far = { s3: { ...bucket, endpoint: 'http://s3.internal' } };
    expect(
      load({ registry: { database: 'postgres://db/cap', blobs: far }, tls: { allow_plaintext: true } }).config.registry
        .blobs,
    ).toMatchObject(far);
  });

  it('is no mix of both: PostgreSQL goes with a bucket, a file with a directory', () => {
    expect(problem({ registry: { database: 'postgres://db/cap' } })).toMatchObject([
      { key: 'registry.blobs', expected: expect.stringContaining('expected a bucket') },
    ]);
    expect(problem({ registry: { blobs: { s3: bucket } } })).toMatchObject([
      { key: 'registry.database', expected: expect.stringContaining('expected postgres://') },
    ]);
  });
});
