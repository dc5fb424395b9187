import { expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { loadConfig, showConfig } from './index.js';

it('shows the configuration in effect, without anything secret', () => {
  const hash = `sha256:${'c'.repeat(64)}`;
  const oauth = { issuer: 'i', audience: 'a', jwks_url: 'https://user:canary-password@issuer.test/jwks' };
  const { config } = loadConfig({
    role: 'registry',
    document: { oauth, registry: { token: 'canary-token-1234567', tokens: { verifier: [hash] } } },
  });
  const shown = showConfig(config);
  expect(shown).not.toMatch(/canary|ccc/);
  expect(parse(shown)).toMatchObject({
    oauth: { issuer: ['i'], jwks_url: 'https://***@issuer.test/jwks' },
    registry: { token: '***', tokens: { verifier: ['***'] }, url: 'http://127.0.0.1:8081' },
    backup: { schedule: '0 2 * * *' },
  });
  // The one that is used stays whole.
  expect(config.registry.token).toBe('canary-token-1234567');
});

it.each([
  ['postgres://cap:canary@db:5432/cap', 'postgres://***@db:5432/cap'],
  ['postgres://cap:can@ary@db/cap', 'postgres://***@db/cap'],
  ['postgres:///cap?user=cap&password=canary&host=/run', 'postgres:///cap?user=cap&password=***&host=/run'],
  ['postgresql://db/cap?sslpassword=canary', 'postgresql://db/cap?sslpassword=***'],
])('shows %s without its password', (database, shown) => {
  const s3 = { bucket: 'blobs', region: 'eu', access_key_id: 'canary-id', secret_access_key: 'canary' };
  const { config } = loadConfig({ role: 'registry', document: { registry: { database, blobs: { s3 } } } });
  expect(showConfig(config)).not.toMatch(/canary|ary@/);
  expect(parse(showConfig(config))).toMatchObject({
    registry: { database: shown, blobs: { s3: { bucket: 'blobs', access_key_id: '***', secret_access_key: '***' } } },
  });
});
