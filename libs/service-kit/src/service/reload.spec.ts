import { expect, it } from '@jest/globals';
import { ConfigService } from '@nestjs/config';
import { loadConfig } from '@cap/config';
import { CLIENT_TOKENS, greeter, tokenHash } from '../greeter.fixture.js';
import { Reload } from '../index.js';

it('a reload changes log levels and client tokens, and runs the steps that apps add', async () => {
  const { service, document, log } = await greeter();
  const seen: string[] = [];
  service.app.get(Reload).add('trust store', ({ environment }) => void seen.push(environment));
  service.app.get(Reload).add('broken', () => {
    throw new Error('unreadable');
  });

  await service.app.inject('/open/before');
  expect(log.find('greeting')).toEqual([]);
  const status = async (token: string) =>
    (await service.app.inject({ url: '/v1/status', headers: { authorization: `Bearer ${token}` } })).statusCode;
  expect(await status(CLIENT_TOKENS.backup)).toBe(200);

  const registry = {
    tokens: { verifier: [tokenHash('a-new-token-of-the-verifier'), tokenHash(CLIENT_TOKENS.verifier)] },
  };
  const server = { ...document.server, log_level: 'info,greeter=debug', trusted_proxies: ['10.0.0.0/8'] };
  const limits = { json_bytes: 5_000_000 };
  expect(
    await service.reload(loadConfig({ role: 'verifier', document: { ...document, server, registry, limits } }).config),
  ).toBe(false);

  await service.app.inject('/open/after');
  expect(log.find('greeting')).toMatchObject([{ level: 'debug', module: 'greeter', name: 'after' }]);
  expect(await status('a-new-token-of-the-verifier')).toBe(200);
  expect(await status(CLIENT_TOKENS.verifier)).toBe(200);
  expect(await status(CLIENT_TOKENS.backup)).toBe(401);
  expect(seen).toEqual(['development']);
  expect(log.find('not reloaded, the old one stays in use')).toMatchObject([
    { level: 'error', what: 'broken', error: { message: 'unreadable' } },
  ]);
  expect(log.lines.filter(({ level, module }) => level === 'warn' && module === 'service').slice(1)).toMatchObject([
    {
      msg: 'in effect after a restart: server.trusted_proxies, limits.json_bytes',
      keys: ['server.trusted_proxies', 'limits.json_bytes'],
    },
  ]);
  expect(service.app.get(ConfigService).get('environment')).toBe('development');
  await service.stop();
});
