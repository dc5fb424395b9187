import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Greeter, greeter } from '../greeter.fixture.js';

let it_: Greeter;
beforeAll(async () => {
  it_ = await greeter();
});
afterAll(() => it_.service.stop());

describe('smoke', () => {
  it('answers', async () => {
    const { app } = it_.service;
    for (const [method, url, payload, headers] of [
      ['GET', '/open/x'],
      ['GET', '/nope'],
      ['DELETE', '/open/x'],
      [
        'POST',
        '/greetings',
        '{"name":1}',
        { authorization: `Bearer ${await it_.issuer.token()}`, 'content-type': 'application/json' },
      ],
      [
        'POST',
        '/greetings',
        '{"name":',
        { authorization: `Bearer ${await it_.issuer.token()}`, 'content-type': 'application/json' },
      ],
      [
        'POST',
        '/greetings',
        '{"name":"a"}',
        { authorization: `Bearer ${await it_.issuer.token()}`, 'content-type': 'application/json' },
      ],
      [
        'POST',
        '/greetings',
        'x',
        { authorization: `Bearer ${await it_.issuer.token()}`, 'content-type': 'text/plain' },
      ],
      ['GET', '/healthz'],
      ['GET', '/readyz'],
      ['GET', '/broken'],
      ['GET', '/open/%zz'],
    ] as [string, string, string?, Record<string, string>?][]) {
      const a = await app.inject({ method: method as 'GET', url, payload, headers });
      console.log(method, url, a.statusCode, JSON.stringify(a.headers), a.body.slice(0, 300));
    }
    console.log(
      (await app.inject('/metrics')).body
        .split('\n')
        .filter((l) => l.startsWith('cap_'))
        .join('\n'),
    );
    console.log(it_.log.lines.map((l) => JSON.stringify(l)).join('\n'));
    expect(1).toBe(1);
  });
});
