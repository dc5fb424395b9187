import { describe, expect, it } from '@jest/globals';
import type { EntryStored } from '@cap/contracts';
import { answerBytes, registeredAnswerBytes } from './answer.js';

const HASH = `0x${'a'.repeat(64)}` as const;
const verification: Parameters<typeof answerBytes>[0] = {
  result: 'warn',
  bundleId: HASH,
  policyHash: null,
  manifestHash: HASH,
  proofHash: HASH,
  reportBytes: Buffer.from('{"b":1,"a":"ü"}'),
};
const registered: EntryStored = {
  created: true,
  entry: {
    entry_id: '11111111-2222-4333-8444-555555555555',
    registered_at: '2026-01-15T10:00:00Z',
    bundle_id: HASH,
    manifest_hash: HASH,
    proof_hash: HASH,
    policy_hash: null,
    result: 'warn',
    report_hash: HASH,
    signer_kid: null,
    company: null,
    log_index: 7,
    erased_at: null,
    legal_hold: false,
  },
  receipt: { log_index: 7, tree_size: 8, leaf: 'e30=', inclusion_proof: [], checkpoint: 'note' },
};
const text = (...args: Parameters<typeof answerBytes>) => answerBytes(...args).toString('utf8');

describe('the bytes of an answer', () => {
  it('hold the bytes of the report as they are, neither sorted nor escaped', () => {
    expect(text(verification)).toBe(
      `{"result":"warn","policy_hash":null,"manifest_hash":"${HASH}","proof_hash":"${HASH}","bundle_id":"${HASH}","report":{"b":1,"a":"ü"}}`,
    );
  });

  it('name no bundle in context form', () => {
    const { report, ...head } = JSON.parse(text({ ...verification, bundleId: null }));
    expect([Object.keys(head), report]).toEqual([
      ['result', 'policy_hash', 'manifest_hash', 'proof_hash'],
      { b: 1, a: 'ü' },
    ]);
  });

  it('end with the entry and its receipt, if the verdict was registered', () => {
    const answer = registeredAnswerBytes(answerBytes(verification), registered).toString('utf8');
    const tail = JSON.stringify({
      entry_id: registered.entry.entry_id,
      log_index: 7,
      receipt: registered.receipt,
    });
    expect(answer.endsWith(`"report":{"b":1,"a":"ü"},${tail.slice(1)}`)).toBe(true);
    expect(JSON.parse(answer)).toMatchObject({ result: 'warn', log_index: 7, receipt: { tree_size: 8 } });
  });
});
