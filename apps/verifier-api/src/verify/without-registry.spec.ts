import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { publicKeyText, sha3Text } from '@cap/crypto';
import { compilePolicy, parsePolicyText } from '@cap/policy';
import { addToTrust, emptyTrustDocument, trustDocumentBytes } from '@cap/verify/trust';
import type { WrittenBundle } from '@cap/proof/prove';
import { AS_OF, failing, statusOf, TestVerifier } from '../verifier.fixture.js';

const examples = (...parts: string[]) => path.join(import.meta.dirname, '../../../../examples', ...parts);

/** A registry that dies, an API whose trust store knows policy and lists, and one whose trust store knows the signer only. */
let api: TestVerifier;
let provided: TestVerifier;
let bundle: WrittenBundle;
let policyHash: string;
beforeAll(async () => {
  api = await TestVerifier.start();
  await api.publish();
  bundle = await api.prover.bundle();
  const text = await readFile(examples('policies/lksg.v1.json'));
  policyHash = compilePolicy(parsePolicyText(text, 'lksg.v1.json')).policy_hash;
  const { kid, publicKey, record } = api.prover.key;
  const { owner, valid_from, valid_to } = record;
  let trust = addToTrust(emptyTrustDocument(), {
    signer: {
      kid,
      public_key: publicKeyText(publicKey),
      owner,
      company: { name: 'Musterwerk AG' },
      valid_from,
      valid_to,
    },
  });
  trust = addToTrust(trust, {
    policy: { hash: policyHash as `0x${string}`, policy: JSON.parse(text.toString('utf8')) },
  });
  for (const id of ['sanctions', 'jurisdictions'])
    trust = addToTrust(trust, {
      referenceList: { id, hash: sha3Text(await readFile(examples(`${id}.csv`))), as_of: AS_OF },
    });
  const file = path.join(api.directory, 'provided.json');
  await writeFile(file, trustDocumentBytes(trust));
  const uncached = { policy: { cache_enabled: false } };
  provided = await api.replica({ ...uncached, verification: { trust_file: file } });
});
afterAll(() => api?.stop());

describe('without its registry', () => {
  it('judges as with it what its trust store has, and warns of what it could not ask', async () => {
    const before = (await provided.as('verify:read').zip('/verify', bundle.bytes).expect(200)).body;
    expect(before.result).toBe('ok');
    await api.registry.stop('SIGKILL');
    const { result, report } = (await provided.as('verify:read').zip('/verify', bundle.bytes).expect(200)).body;
    expect([result, failing(report)]).toEqual(['warn', []]);
    const differing = report.checks.filter(
      (check: object, i: number) => JSON.stringify(check) !== JSON.stringify(before.report.checks[i]),
    );
    expect(differing.map(({ id, status }: { id: string; status: string }) => [id, status])).toEqual([
      ['policy.status', 'warn'],
      ['lists.age', 'warn'],
    ]);
    for (const { actual } of differing) expect(actual).toContain('the registry does not answer');
    expect(report.rules).toEqual(before.report.rules);

    const named = (await provided.as('verify:read').zip(`/verify?policy_id=${policyHash}`, bundle.bytes).expect(200))
      .body;
    expect(statusOf(named.report, 'policy.status')).toBe('warn');
  });

  it('says that it is not ready, and refuses what needs the registry', async () => {
    expect((await provided.as().get('/readyz')).status).toBe(503);
    for (const query of ['register=true', 'check_registry=true', 'policy_id=nobody@1'])
      expect((await provided.as().zip(`/verify?${query}`, bundle.bytes).expect(503)).body.code).toBe(
        'registry.unavailable',
      );
  });

  it('gives no verdict where only the registry could know policy or list', async () => {
    const bare = await api.replica({ policy: { cache_enabled: false } });
    expect((await bare.as().zip('/verify', bundle.bytes).expect(503)).body.code).toBe('registry.unavailable');
  });
});
