import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import http from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import type { WrittenBundle } from '@cap/proof/prove';
import { ALL_SCOPES, TestVerifier, tokenWith } from '../verifier.fixture.js';

describe('POST /verify', () => {
  let api: TestVerifier;
  let bundle: WrittenBundle;
  const LIMIT = 50_000;
  beforeAll(async () => {
    api = await TestVerifier.start({ limits: { bundle_bytes: LIMIT, json_bytes: LIMIT, body_grace_seconds: 300 } });
    bundle = await api.prover.bundle();
  });
  afterAll(() => api?.stop());

  /** Bundles that lack their last byte, one of each subject. */
  const stalled = (...subjects: string[]) =>
    Promise.all(
      subjects.map(async (sub) => {
        const request = http.request(`${api.url}/verify`, {
          method: 'POST',
          agent: false,
          headers: {
            authorization: `Bearer ${tokenWith(ALL_SCOPES, { sub })}`,
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

  it('answers another subject at once, whatever one of them holds', async () => {
    const ask = (sub: string) => api.as(ALL_SCOPES, { sub }).zip('/verify', bundle.bytes);
    const held = await stalled('greedy', 'greedy');
    try {
      let answer;
      do answer = await ask('greedy');
      while (answer.status === 200);
      expect([answer.status, answer.body.code, answer.headers['retry-after']]).toEqual([429, 'rate.limited', '1']);
      expect((await ask('modest')).status).toBe(200);
      // JSON takes of the same share.
      const json = await api.as(ALL_SCOPES, { sub: 'greedy' }).post('/policy/compile', { notes: 'x'.repeat(1000) });
      expect([json.status, json.body.code]).toEqual([429, 'rate.limited']);
    } finally {
      for (const request of held) request.destroy();
    }
  });

  it('holds what is being sent, and no more than there is room for; stored bundles count too', async () => {
    await api.as().upload(bundle.bytes).expect(200);
    const held: http.ClientRequest[] = [];
    const sent = () => api.as().zip('/verify', bundle.bytes);
    const stored = () => api.as().post('/verify', { bundle_id: bundle.bundleId });
    try {
      let answer;
      do {
        // One that came before the last test's memory was free was refused: it holds nothing.
        held.push(...(await stalled('one', 'two')));
        answer = await sent();
      } while (answer.status === 200);
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
