import { describe, expect, it } from '@jest/globals';
import type { z } from 'zod';
import {
  answerQuery,
  consistencyQuery,
  entryQuery,
  entryRequest,
  eventQuery,
  eventRequest,
  keyRequest,
  listRequest,
  pageQuery,
  policyRequest,
  problem,
} from './index.js';

const digest = `0x${'0'.repeat(64)}`;
const entry = {
  bundle_id: digest,
  manifest_hash: digest,
  proof_hash: null,
  policy_hash: digest,
  result: 'ok',
  report_hash: digest,
  signer_kid: 'a'.repeat(32),
  company: null,
};
const list = { id: 'sanctions', kind: 'sanctions', as_of: '2026-01-15', content: 'YQ==' };

const key = {
  key_id: digest,
  request_digest: digest,
  lease_id: '3b241101-e2bb-4255-8caf-4136c566a962',
  lease_seconds: 20,
};

const GOOD: [string, z.ZodType, unknown][] = [
  ['an entry', entryRequest, entry],
  ['an entry without a company', entryRequest, { ...entry, company: undefined }],
  ['a policy of any members', policyRequest, { document: { a: { b: [1, null] } } }],
  ['a list of a day', listRequest, list],
  ['a list of an instant', listRequest, { ...list, as_of: '2026-01-15T10:00:00Z' }],
  ['a page', pageQuery, { limit: '1000', cursor: 'x' }],
  ['a filter by time', entryQuery, { from: '2026-01-15T10:00:00.123Z' }],
  ['a drill', eventRequest, { event: 'backup.drill', details: { ok: true, log_size: 3, archive: 'x', failure: null } }],
  ['an idempotency key', keyRequest, key],
  ['an answer to keep', answerQuery, { lease_id: key.lease_id, status: '200' }],
  ['the log from a place', eventQuery, { from: '17' }],
  ['a problem', problem, { type: 'about:blank', title: 'No', status: 400, code: 'x' }],
];
const BAD: [string, z.ZodType, unknown][] = [
  ['a hash without 0x', entryRequest, { ...entry, bundle_id: '0'.repeat(64) }],
  ['an upper-case hash', entryRequest, { ...entry, bundle_id: `0x${'A'.repeat(64)}` }],
  ['a kid with 0x', entryRequest, { ...entry, signer_kid: `0x${'a'.repeat(30)}` }],
  ['an empty company', entryRequest, { ...entry, company: '' }],
  ['an entry that brings its id', entryRequest, { ...entry, entry_id: 'x' }],
  ['a policy that is a list', policyRequest, { document: [] }],
  ['a list of no day', listRequest, { ...list, as_of: '2026-02-30' }],
  ['a time with an offset', entryQuery, { from: '2026-01-15T10:00:00+01:00' }],
  ['a page of 0', pageQuery, { limit: '0' }],
  ['a page of 1001', pageQuery, { limit: '1001' }],
  ['an unknown filter', entryQuery, { colour: 'red' }],
  ['a lease of an hour', keyRequest, { ...key, lease_seconds: 3600 }],
  ['a key that is not hashed', keyRequest, { ...key, key_id: 'my order' }],
  ['a failure to keep', answerQuery, { lease_id: key.lease_id, status: '404' }],
  ['an event of the registry itself', eventRequest, { event: 'entry.registered', details: {} }],
];

describe('schemas', () => {
  it.each(GOOD)('take %s', (_name, schema, value) => {
    expect(schema.safeParse(value)).toMatchObject({ success: true });
  });
  it.each(BAD)('refuse %s', (_name, schema, value) => {
    expect(schema.safeParse(value).success).toBe(false);
  });
  it('take either spelling of a hash to look up', () => {
    const policy_hash = digest.replace('0x', 'sha3-256:');
    expect(entryQuery.parse({ policy_hash }).policy_hash).toBe(digest);
    expect(entryQuery.parse({ policy_hash: digest }).policy_hash).toBe(digest);
  });
  it('leave the inside of a policy as it came, in its order', () => {
    const document = { z: 1, a: { y: 2, b: 3 } };
    expect(JSON.stringify(policyRequest.parse({ document }).document)).toBe(JSON.stringify(document));
  });
});

describe('a size or index of the log in a query', () => {
  it.each(['', ' 1', '1e2', '0x10', '1.0', '-0', '+1', '1_0', '9007199254740992'])('is not %j', (text) => {
    expect(consistencyQuery.safeParse({ from: text }).success).toBe(false);
    expect(consistencyQuery.safeParse({ from: '0', to: text }).success).toBe(false);
  });

  it('is decimal digits, and a caller may give a number', () => {
    expect(consistencyQuery.parse({ from: '12' })).toEqual({ from: 12 });
    expect(consistencyQuery.parse({ from: 12, to: 13 })).toEqual({ from: 12, to: 13 });
  });
});
