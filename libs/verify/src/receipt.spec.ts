import { beforeAll, describe, expect, it } from '@jest/globals';
import { blake3Text, type Digest } from '@cap/crypto';
import type { JsonObject } from '@cap/core';
import type { Receipt } from '@cap/tlog';
import { entryOfReceipt } from './receipt.js';
import { LOG_KEY, receiptOf } from './receipt.fixture.js';
import { makeBundle, signerRecord, sourcesFor, trustStore, verify, type Made } from './verification.fixture.js';

let made: Made;
let bundleId: Digest;
beforeAll(async () => {
  made = await makeBundle();
  bundleId = blake3Text(made.zip);
});

const AT = '2026-01-16T00:00:00Z';
const registered = (bundle_id: string, ts = AT) =>
  receiptOf([AT, 'policy.stored', {}], [ts, 'entry.registered', { bundle_id }]);
const trusting = (more: JsonObject = {}, members: JsonObject = {}) =>
  trustStore({ signers: [signerRecord(made.signer, more) as unknown as JsonObject], log_keys: [LOG_KEY], ...members });

async function judged(receipt: Receipt, trust = trusting()) {
  const registryEntry = (id: Digest) => entryOfReceipt(receipt, trust.logTrust, id);
  const { report, reportBytes } = await verify(made.zip, sourcesFor(made, { trust, registryEntry }), {
    checkRegistry: true,
  });
  const check = (id: string) => report.checks.find((one) => one.id === id)!;
  return { report, reportBytes, match: check('registry.match'), check };
}

describe('a receipt instead of a registry', () => {
  it('gives the report, byte for byte, that the registry itself would give', async () => {
    const { report, reportBytes } = await judged(registered(bundleId));
    expect(report).toMatchObject({ result: 'ok', options: { check_registry: true } });
    const asked = sourcesFor(made, { trust: trusting(), registryEntry: () => ({ registered_at: AT }) });
    expect(reportBytes).toEqual((await verify(made.zip, asked, { checkRegistry: true })).reportBytes);
  });

  it('has the trusted time of the signature', async () => {
    const revoked = trusting({ revoked_at: '2026-01-20T00:00:00Z' });
    expect((await judged(registered(bundleId), revoked)).check('signer.trusted').status).toBe('ok');
    const late = await judged(registered(bundleId, '2026-01-21T00:00:00Z'), revoked);
    expect(late.check('signer.trusted').status).toBe('fail');
    expect(late.match.status).toBe('ok');
  });

  it.each<[string, () => Receipt, RegExp]>([
    ['is of another bundle', () => registered(`0x${'ab'.repeat(32)}`), /^a receipt of the bundle 0xabab/],
    [
      'is of another event',
      () => receiptOf([AT, 'blob.kept', { bundle_id: bundleId }]),
      /^a receipt of the event blob\.kept/,
    ],
    ['names no time', () => registered(bundleId, 'yesterday'), /^an event at yesterday/],
    ['is of another tree', () => ({ ...registered(bundleId), inclusion_proof: [] }), /^receipt\.inclusion: /],
  ])('is none if it %s', async (_, receipt, actual) => {
    const { report, match } = await judged(receipt());
    expect(report.result).toBe('fail');
    expect(match).toMatchObject({ status: 'fail', expected: bundleId, actual: expect.stringMatching(actual) });
  });

  it('is none of a log, or seen by too few witnesses, for whom trust.json does not say so', async () => {
    const stranger = await judged(registered(bundleId), trusting({}, { log_keys: [] }));
    expect(stranger.match.actual).toMatch(/^checkpoint\.log-unknown: /);
    const witness_keys = ['witness.example+45aafb5a+BF3i2j19pKKSCZWoihPNFeVVT+rnDAY53If6lrMLKJ16'];
    const alone = await judged(registered(bundleId), trusting({}, { witness_keys, witness_threshold: 1 }));
    expect(alone.match.actual).toMatch(/^checkpoint\.witnesses: /);
  });
});
