import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { WrittenBundle } from '@cap/proof/prove';
import { statusOf, TestVerifier } from '../verifier.fixture.js';
import type { Relay } from '../relay.fixture.js';

let api: TestVerifier;
let relay: Relay;
let verifier: TestVerifier;
beforeAll(async () => {
  api = await TestVerifier.start();
  await api.publish();
  relay = await api.relay();
  verifier = await api.replica({ registry: { url: relay.url } });
});
afterAll(() => api?.stop());

/** A verification that has been told everything but waits for the last answer; `finish` lets it go on. */
async function half(bundle: WrittenBundle): Promise<{ answer: Promise<string>; finish: () => void }> {
  const entered = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  relay.fate = async ({ path }) => {
    if (!path.startsWith('/v1/lists?')) return undefined;
    relay.fate = () => undefined;
    entered.resolve();
    await gate.promise;
    return undefined;
  };
  const answer = verdict(bundle).then(({ result }) => result);
  await entered.promise;
  return { answer, finish: () => gate.resolve() };
}
const verdict = async (bundle: WrittenBundle) =>
  (await verifier.as('verify:read').zip('/verify', bundle.bytes).expect(200)).body;

it('a verification that begins after a status was acknowledged sees it, whatever runs already', async () => {
  const bundle = await api.prover.bundle('disclosure', { nonce: 'status' });
  const { policy_hash } = (await api.as().zip('/verify', bundle.bytes).expect(200)).body;
  await verifier.as().put(`/policy/${policy_hash}/status`, { status: 'active' }).expect(200);
  const running = await half(bundle);
  await verifier.as().put(`/policy/${policy_hash}/status`, { status: 'deprecated' }).expect(200);
  const later = verdict(bundle);
  running.finish();
  const { result, report } = await later;
  expect([result, statusOf(report, 'policy.status')]).toEqual(['warn', 'warn']);
  expect(await running.answer).toBe('ok');
  expect((await verdict(bundle)).result).toBe('warn');
  await verifier.as().put(`/policy/${policy_hash}/status`, { status: 'active' }).expect(200);
  expect((await verdict(bundle)).result).toBe('ok');
});

it('and one that begins after a list was acknowledged knows of the list', async () => {
  const bundle = await api.prover.bundle('disclosure', { nonce: 'list' });
  await verifier.publishList('others', Buffer.from('name,nationality\nNobody,DE\n')); // so that all is asked anew
  const running = await half(bundle);
  await verifier.publishList('jurisdictions', Buffer.from('iso_code,risk_level\nDE,low\n'), '2026-03-01');
  const later = verdict(bundle);
  running.finish();
  expect(statusOf((await later).report, 'lists.age')).toBe('warn');
  await running.answer;
});
