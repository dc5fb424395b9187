import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseAddress } from '@cap/config';
import { EXIT } from '@cap/core';
import { type Greeter, greeter } from '../greeter.fixture.js';
import { checkHealth } from './health-command.js';

let running: Greeter;
let port: string;
beforeAll(async () => {
  running = await greeter();
  port = new URL((await running.service.listen()).management).port;
});
afterAll(() => running.service.stop());

const health = async (
  address: string,
  wait = false,
  options?: { waitMs?: number; environment?: NodeJS.ProcessEnv },
) => {
  const said: string[] = [];
  return {
    code: await checkHealth(parseAddress(address), wait, (line) => said.push(line), options),
    said: said.join('\n'),
  };
};

describe('health', () => {
  it('is 0 when the service is ready, also through the wildcard address', async () => {
    expect(await health(`127.0.0.1:${port}`)).toEqual({ code: 0, said: '' });
    expect(await health(`0.0.0.0:${port}`)).toEqual({ code: 0, said: '' });
  });

  it('names what is missing', async () => {
    running.stage.dictionary = 'the dictionary is not open';
    const { code, said } = await health(`127.0.0.1:${port}`);
    expect([code, EXIT.unavailable]).toEqual([69, 69]);
    expect(said).toContain('the dictionary is not open');
    expect((await health(`127.0.0.1:${port}`, true, { waitMs: 0 })).code).toBe(69);
  });

  it('--wait ends when the service has become ready', async () => {
    running.stage.dictionary = 'not yet';
    const waiting = health(`127.0.0.1:${port}`, true);
    running.stage.dictionary = null;
    expect((await waiting).code).toBe(0);
  });

  it('--wait does not wait for a service that has ended', async () => {
    const ended = spawnSync('true').pid;
    const waiting = health('127.0.0.1:1', true, { environment: { MAINPID: String(ended) } });
    expect(await waiting).toEqual({ code: 69, said: 'not ready: the service has ended' });
    const lives = health(`127.0.0.1:${port}`, true, { environment: { MAINPID: String(process.pid) } });
    expect((await lives).code).toBe(0);
  });

  it('is 69 when nobody listens', async () => {
    expect(await health('127.0.0.1:1')).toMatchObject({ code: 69, said: expect.stringContaining('ECONNREFUSED') });
  });
});
