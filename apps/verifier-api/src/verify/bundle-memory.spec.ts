import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import http, { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { type WrittenBundle } from '@cap/proof';
import { ALL_SCOPES, TestVerifier, tokenWith } from '../verifier.fixture.js';
import { BundleMemory } from './bundle-memory.js';

describe('the memory for bundles', () => {
  it('is that of two of the largest, and is free again once their requests are over', () => {
    const memory = new BundleMemory(100);
    const [first, second] = [new IncomingMessage(new Socket()), new IncomingMessage(new Socket())];
    memory.hold(first, 60);
    memory.hold(first, 40);
    memory.hold(second, 100);
    expect(() => memory.hold(second, 1)).toThrow(expect.objectContaining({ code: 'overloaded', status: 503 }));
    memory.release(first);
    memory.release(first);
    memory.hold(second, 100);
    expect(() => memory.hold(first, 1)).toThrow(expect.objectContaining({ code: 'overloaded' }));
  });
});

describe('POST /verify', () => {
  let api: TestVerifier;
  let bundle: WrittenBundle;
  const LIMIT = 50_000;
  beforeAll(async () => {
    api = await TestVerifier.start({ limits: { bundle_bytes: LIMIT } });
    bundle = await api.prover.bundle();
  });
  afterAll(() => api?.stop());

  it('holds what is being sent, and no more than there is room for; stored bundles count too', async () => {
    await api.as().upload(bundle.bytes).expect(200);
    const held = await Promise.all(
      [1, 2].map(async () => {
        const request = http.request(`${api.url}/verify`, {
          method: 'POST',
          agent: false,
          headers: {
            authorization: `Bearer ${tokenWith(ALL_SCOPES)}`,
            'content-type': 'Application/ZIP',
            'content-length': LIMIT,
          },
        });
        request.on('error', () => undefined);
        request.write(Buffer.alloc(LIMIT - 1));
        await once(request, 'socket');
        return request;
      }),
    );
    const sent = () => api.as().zip('/verify', bundle.bytes);
    const stored = () => api.as().post('/verify', { bundle_id: bundle.bundleId });
    try {
      let answer;
      do answer = await sent();
      while (answer.status === 200);
      expect([answer.status, answer.body.code, answer.headers['retry-after']]).toEqual([503, 'overloaded', '1']);
      const { status, body } = await stored();
      expect([status, body.code]).toEqual([503, 'overloaded']);
    } finally {
      for (const request of held) request.destroy();
    }
    for (const ask of [sent, stored]) {
      let answer;
      do answer = await ask();
      while (answer.status === 503 && (await pause(10, true)));
      expect(answer.status).toBe(200);
    }
  });
});
