import { describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { parseLogLevels } from '@cap/config';
import type { FastifyRequest } from 'fastify';
import { CLIENT_TOKENS, greeter, LogSink } from '../greeter.fixture.js';
import { Logs } from './logs.js';

const logs = (spec: string) => {
  const sink = new LogSink();
  return { sink, logs: new Logs('cap-registry', parseLogLevels(spec), sink) };
};
const LEVELS = ['error', 'warn', 'info', 'debug', 'trace'] as const;

describe('log lines', () => {
  it('are JSON with time, level, service, module, message and fields', () => {
    const { sink, logs: log } = logs('info');
    log.for('database').warn('slow query', { duration: 12.5, request_id: 'r-1', nothing: undefined });
    expect(sink.lines).toEqual([
      {
        ts: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        level: 'warn',
        service: 'cap-registry',
        module: 'database',
        msg: 'slow query',
        duration: 12.5,
        request_id: 'r-1',
      },
    ]);
  });

  it.each([
    ['error', 1],
    ['warn', 2],
    ['info', 3],
    ['debug', 4],
    ['trace', 5],
  ])('at %s, %i of the five levels are written', (spec, count) => {
    const { sink, logs: log } = logs(spec);
    const module = log.for('m');
    for (const level of LEVELS) module[level](level);
    expect(sink.lines.map(({ msg }) => msg)).toEqual(LEVELS.slice(0, count));
    expect(LEVELS.filter((level) => module.enabled(level))).toEqual(LEVELS.slice(0, count));
  });

  it('have levels per module, which can change', () => {
    const { sink, logs: log } = logs('error,http=debug');
    const [http, auth] = [log.for('http'), log.for('auth')];
    http.debug('one');
    auth.warn('two');
    log.setLevels(parseLogLevels('error,auth=info'));
    http.debug('three');
    auth.warn('four');
    expect(sink.lines.map(({ msg }) => msg)).toEqual(['one', 'four']);
  });

  it('of Nest go the same way, its own start-up talk only when asked for', () => {
    const { sink, logs: log } = logs('info');
    const nest = log.nest();
    nest.log('Mapped {/x, GET} route', 'RouterExplorer');
    nest.log('from a class', 'SomeService');
    nest.verbose?.('fine detail', 'SomeService');
    nest.fatal?.('the end', undefined, 'SomeService');
    nest.error(new Error('that ends the start, and is told on stderr'), undefined, 'ExceptionHandler');
    expect(sink.lines.map(({ level, module, msg }) => [level, module, msg])).toEqual([
      ['info', 'SomeService', 'from a class'],
      ['error', 'SomeService', 'the end'],
    ]);
    log.setLevels(parseLogLevels('info,nest=info,SomeService=trace'));
    nest.log('Mapped {/x, GET} route', 'RouterExplorer');
    nest.verbose?.('fine detail', 'SomeService');
    expect(sink.lines.slice(2).map(({ level }) => level)).toEqual(['info', 'trace']);
  });

  it('never hold secrets, by name or by shape', () => {
    const { sink, logs: log } = logs('trace');
    const pem = '-----BEGIN PRIVATE KEY-----\ncanary\n-----END PRIVATE KEY-----';
    const error = new Error(`refused: Bearer canary.canary ${pem}`, {
      cause: new Error('eyJhbGciOiJub25lIn0.canary.canary'),
    });
    log.for('m').error('eyJhbGciOiJub25lIn0.canary.canary was refused', {
      authorization: 'canary',
      access_token: 'canary',
      password: 'canary',
      note: 'Authorization: Bearer canary',
      error,
    });
    expect(JSON.stringify(sink.lines)).not.toContain('canary');
    expect(sink.lines[0]).toMatchObject({
      authorization: '***',
      error: { message: expect.stringContaining('refused: ***') },
    });
  });

  it('have an end, whatever is in a field or message', () => {
    const { sink, logs: log } = logs('info');
    const long = 'x'.repeat(100_000);
    log.for('m').error(long, { text: long, list: [long], error: new Error(long, { cause: new Error(long) }) });
    expect(JSON.stringify(sink.lines).length).toBeLessThan(64_000);
    expect(sink.lines[0]).toMatchObject({ msg: `${'x'.repeat(2_048)}…`, text: `${'x'.repeat(2_048)}…` });
  });

  it('a field can not pass for the line it is in', () => {
    const { sink, logs: log } = logs('info');
    log.for('m').info('good', { level: 'error', message: 'forged', context: 'x' });
    expect(sink.lines).toMatchObject([{ level: 'info', module: 'm', msg: 'good' }]);
  });
});

describe('the request log', () => {
  it('has one line for each request: template, never the path; verdict if there is one; no token', async () => {
    const { service, log, issuer } = await greeter(
      {},
      {
        parts: {
          configure: (app) =>
            app
              .getHttpAdapter()
              .getInstance()
              .addHook('preHandler', async (request: FastifyRequest) => void (request.result = 'ok')),
        },
      },
    );
    const token = await issuer.token();
    const headers = { authorization: `Bearer ${token}`, 'x-request-id': 'r-7' };
    await service.app.inject({ method: 'POST', url: '/greetings', payload: { name: 'canary' }, headers });
    await service.app.inject('/open/canary');
    await service.app.inject('/open/canary?canary=2');
    await service.app.inject('/canary');
    await service.app.inject('/healthz');
    expect(log.find('request').map(({ method, route, status }) => [method, route, status])).toEqual([
      ['POST', '/greetings', 201],
      ['GET', '/open/:name', 200],
      ['GET', '/open/:name', 400],
      ['GET', 'unmatched', 404],
    ]);
    expect(log.find('request')[0]).toMatchObject({
      module: 'http',
      request_id: 'r-7',
      duration: expect.any(Number),
      result: 'ok',
      subject: 'https://issuer.test#auditor',
      client: '127.0.0.1',
    });
    expect(JSON.stringify(log.lines)).not.toContain('canary');
    expect(JSON.stringify(log.lines)).not.toContain(token.slice(0, 30));
    await service.stop();
  });
});

it('the request log says how much came and went on the wire, request by request', async () => {
  const { service, log, issuer } = await greeter();
  const { api } = await service.listen();
  const authorization = `Bearer ${await issuer.token()}`;
  const headers = { authorization, 'content-type': 'application/json' };
  for (const name of ['x', 'x'.repeat(5_000)])
    await (await fetch(`${api}/greetings`, { method: 'POST', body: JSON.stringify({ name }), headers })).text();
  const [short, long] = log.find('request') as { bytes_in: number; bytes_out: number }[];
  expect(short!.bytes_out).toBeGreaterThan(100);
  expect(long!.bytes_in - short!.bytes_in).toBeGreaterThanOrEqual(4_999);
  expect(long!.bytes_in - short!.bytes_in).toBeLessThan(5_050);
  await service.stop();
});

it('calls of other services are logged at debug, those of people at info', async () => {
  const { service, log } = await greeter({ server: { log_level: 'info,greeter=debug' } });
  const status = (token: string) =>
    service.app.inject({ url: '/v1/status', headers: { authorization: `Bearer ${token}` } });
  await status(CLIENT_TOKENS.verifier);
  await status(CLIENT_TOKENS.backup);
  expect(log.find('request')).toEqual([]);
  await status(CLIENT_TOKENS.operator);
  expect(log.find('request')).toMatchObject([{ level: 'info', subject: 'operator', status: 403 }]);
  await service.stop();
});

it('a request whose client went away is counted and logged as 499', async () => {
  const { service, stage, log, metrics } = await greeter();
  const { api } = await service.listen();
  const client = new AbortController();
  const gone = fetch(`${api}/slow`, { signal: client.signal });
  await stage.entered.promise;
  client.abort();
  await expect(gone).rejects.toThrow();
  await service.stop();
  expect(log.find('request')).toMatchObject([{ route: '/slow', status: 499 }]);
  expect((await metrics.getSingleMetric('cap_http_requests_total')!.get()).values).toContainEqual(
    expect.objectContaining({ labels: { method: 'GET', route: '/slow', status: '499' }, value: 1 }),
  );
});

it('Nest loggers made anywhere write to the stream of the service', async () => {
  const { service, log } = await greeter();
  new Logger('Anywhere').warn('hello');
  expect(log.find('hello')).toMatchObject([{ level: 'warn', module: 'Anywhere', service: 'greeter' }]);
  await service.stop();
});
