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
