import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TerminusModule } from '@nestjs/terminus';
import { parseLogLevels } from '@cap/config';
import { type Greeter, greeter, LogSink } from '../greeter.fixture.js';
import { Logs } from '../logging/logs.js';
import { Readiness } from './readiness.js';

describe('health routes', () => {
  let running: Greeter;
  beforeAll(async () => void (running = await greeter()));
  afterAll(() => running.service.stop());

  it('readiness names every check, and the one that fails', async () => {
    const good = await running.service.app.inject('/readyz');
    expect([good.statusCode, good.json()]).toMatchObject([
      200,
      { status: 'ok', info: { dictionary: { status: 'up' }, 'oauth-keys': { status: 'up' } } },
    ]);
    running.stage.dictionary = 'the dictionary is not open';
    const bad = await running.service.app.inject('/readyz');
    expect([bad.statusCode, bad.json()]).toMatchObject([
      503,
      {
        status: 'error',
        missing: ['dictionary'],
        info: { 'oauth-keys': { status: 'up' } },
        error: { dictionary: { status: 'down', message: 'the dictionary is not open' } },
      },
    ]);
    running.stage.dictionary = null;
    await running.service.app.inject('/readyz');
    expect(running.log.find('not ready')).toMatchObject([
      { level: 'warn', missing: { dictionary: 'the dictionary is not open' } },
    ]);
    expect(running.log.find('ready again')).toHaveLength(1);
  });

  it('a load balancer is told to go on while something is away that was there once; all else counts', async () => {
    const { service, stage } = await greeter();
    const serving = async () => {
      const answer = await service.app.inject('/readyz/serving');
      return [answer.statusCode, answer.json()];
    };
    const value = async () =>
      /^cap_ready\{check="thesaurus"\} (.*)$/m.exec((await service.app.inject('/metrics')).body)?.[1];
    stage.thesaurus = 'not there yet';
    expect(await serving()).toMatchObject([503, { status: 'error', missing: ['thesaurus'] }]);
    stage.thesaurus = null;
    expect(await serving()).toMatchObject([200, { status: 'ok', error: {}, missing: [] }]);
    expect(await value()).toBe('1');

    stage.thesaurus = 'gone';
    const away = { thesaurus: { status: 'down', message: 'gone' } };
    expect(await serving()).toMatchObject([
      200,
      { status: 'ok', info: { dictionary: { status: 'up' } }, error: away, details: away, missing: ['thesaurus'] },
    ]);
    expect(await value()).toBe('0');
    const ready = await service.app.inject('/readyz');
    expect([ready.statusCode, ready.json()]).toMatchObject([503, { error: away, missing: ['thesaurus'] }]);

    stage.dictionary = 'gone too';
    expect(await serving()).toMatchObject([503, { status: 'error', missing: ['dictionary', 'thesaurus'] }]);
    stage.dictionary = null;
    expect((await serving())[0]).toBe(200);
    service.app.get(Readiness).stop();
    expect(await serving()).toMatchObject([503, { missing: ['shutdown'] }]);
    await service.stop();
  });

  it('liveness does not depend on readiness', async () => {
    running.stage.dictionary = 'gone';
    expect((await running.service.app.inject('/healthz')).statusCode).toBe(200);
    running.stage.dictionary = null;
  });
});

describe('readiness checks', () => {
  let readiness: Readiness;
  let log: LogSink;
  beforeEach(async () => {
    log = new LogSink();
    const logs = new Logs('test', parseLogLevels('info'), log);
    const providers = [{ provide: Logs, useValue: logs }, Readiness];
    @Module({ imports: [TerminusModule.forRoot({ logger: false })], providers })
    class TestModule {}
    readiness = (await NestFactory.createApplicationContext(TestModule, { logger: false })).get(Readiness);
  });

  it('run each time, throw or reject to say what is missing', async () => {
    let room = true;
    readiness.add('room', () => {
      if (!room) throw new Error('only 3 MB left');
    });
    readiness.add('registry', () => Promise.reject(new Error('no answer')));
    const registry = { status: 'down', message: 'no answer' };
    expect(await readiness.check()).toEqual({
      status: 'error',
      info: { room: { status: 'up' } },
      error: { registry },
      details: { room: { status: 'up' }, registry },
    });
    room = false;
    expect((await readiness.check()).error).toEqual({ room: { status: 'down', message: 'only 3 MB left' }, registry });
  });

  it('tell when something else is missing than before', async () => {
    let room = 10;
    readiness.add('room', () => {
      if (room < 5) throw new Error(`only ${room} MB left`);
    });
    for (room of [9, 3, 2, 8, 1]) await readiness.check();
    const told = [
      ['not ready', { room: 'only 3 MB left' }],
      ['ready again', undefined],
      ['not ready', { room: 'only 1 MB left' }],
    ];
    expect(log.lines.map(({ msg, missing }) => [msg, missing])).toEqual(told);
    readiness.stop();
    await readiness.check();
    expect(log.lines).toHaveLength(3);
  });

  it('that hang count as missing', async () => {
    readiness.add('hung', () => new Promise<void>(() => undefined), { timeoutMs: 5 });
    expect((await readiness.check()).error).toEqual({ hung: { status: 'down', message: 'no answer within 5 ms' } });
  });

  it('that hang are not begun again until they end', async () => {
    const ends: (() => void)[] = [];
    readiness.add('hung', () => new Promise<void>((resolve) => ends.push(resolve)), { timeoutMs: 5 });
    for (let i = 0; i < 3; i++) await readiness.check();
    expect(ends).toHaveLength(1);
    ends[0]!();
    expect((await readiness.check()).info).toEqual({ hung: { status: 'up' } });
  });

  it('have different names', () => {
    readiness.add('a', () => undefined);
    expect(() => readiness.add('a', () => undefined)).toThrow('named a already');
  });
});
