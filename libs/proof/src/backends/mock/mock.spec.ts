import { describe, expect, it } from '@jest/globals';
import { jcs } from '@cap/core';
import { backendById, backendByName, backends } from '../index.js';
import { policyOf, proving, RULES } from '../proving.fixture.js';
import { mock, type MockPayload } from './mock.js';
import { mockProver } from './prove.js';

const { few, clean, safe } = RULES;
const { context, lists } = proving(policyOf(few, clean, safe));
const proven = async () =>
  JSON.parse(Buffer.from((await mockProver.prove(context, lists)).payload).toString()) as MockPayload;
const verify = (payload: unknown, changes = {}) => mock.verify({ ...context, ...changes }, jcs(payload));

describe('the mock backend', () => {
  it('claims every rule and shows nothing', async () => {
    const payload = await proven();
    expect(Object.keys(payload).sort()).toEqual(['claims', 'schema', 'statement_digest']);
    expect([...payload.claims].sort((a, b) => (a.rule_id < b.rule_id ? -1 : 1))).toEqual([
      { rule_id: 'clean', ok: true },
      { rule_id: 'few', ok: true },
      { rule_id: 'safe', ok: true },
    ]);
    const verdict = await verify(payload);
    expect(verdict).toEqual({ binding: { ok: true }, validity: { ok: true }, facts: [], claims: payload.claims });
    expect(mock.strength).toBe('claimed');
  });

  it('does not claim what it knows to be false', async () => {
    const proof = proving(policyOf(few, { ...few, id: 'fewer', rhs: 1 }));
    await expect(mockProver.prove(proof.context, proof.lists)).rejects.toMatchObject({
      kind: 'refused',
      code: 'proof.false-statement',
      message: expect.stringContaining('fewer'),
    });
  });

  it('passes a claim on that a rule does not hold', async () => {
    const claims = [{ rule_id: 'few', ok: false }];
    expect((await verify({ ...(await proven()), claims })).claims).toEqual(claims);
  });

  it('is bound to manifest, policy and statement', async () => {
    const payload = await proven();
    for (const changes of [
      { manifestHash: `0x${'11'.repeat(32)}` as const },
      { policyHash: `0x${'11'.repeat(32)}` as const },
      { statement: { ...context.statement, signer: `0x${'11'.repeat(32)}` as const } },
      { statement: { ...context.statement, nonce: 'another' } },
    ]) {
      const { binding, claims } = await verify(payload, changes);
      expect(binding.ok).toBe(false);
      expect(claims).toBeUndefined();
    }
  });

  it('refuses two claims about one rule', async () => {
    const payload = await proven();
    const { validity, claims } = await verify({
      ...payload,
      claims: [...payload.claims, { rule_id: 'few', ok: false }],
    });
    expect(validity).toMatchObject({ ok: false, reason: expect.stringContaining('few') });
    expect(claims).toBeUndefined();
  });

  it('refuses other shapes without crashing', async () => {
    const payload = await proven();
    for (const faulty of [
      null,
      [],
      { ...payload, schema: 'cap-disclosure.v1' },
      { ...payload, more: 1 },
      { ...payload, claims: [{ rule_id: 'few', ok: 'true' }] },
      { ...payload, claims: [{ rule_id: '', ok: true }] },
      { ...payload, claims: {} },
    ])
      expect((await verify(faulty)).binding).toMatchObject({ ok: false, actual: 'unreadable payload' });
    expect((await mock.verify(context, Buffer.from(JSON.stringify(payload, null, 2)))).binding.ok).toBe(false);
  });
});

describe('the registry of backends', () => {
  it('finds each by its byte and its name, and no other', () => {
    expect(backends.map(({ id, name }) => [id, name])).toEqual([
      [4, 'kzg-columns'],
      [3, 'disclosure'],
      [0, 'mock'],
    ]);
    for (const backend of backends) {
      expect(backendById(backend.id)).toBe(backend);
      expect(backendByName(backend.name)).toBe(backend);
    }
    expect(backendById(1)).toBeUndefined();
    expect(backendByName('zkvm')).toBeUndefined();
    expect(backendByName('toString')).toBeUndefined();
  });
});
