import { readFileSync } from 'node:fs';
import type { Digest } from '@cap/crypto';
import { describe, expect, it } from '@jest/globals';
import { blake3 } from 'hash-wasm';
import { SIGNER } from '../backends/proving.fixture.js';
import { type BackendName, type Statement, statementDigest, type BoundStatement } from './statement.js';

/** examples/vectors/statement-*.json */
interface Vector {
  backend: BackendName;
  manifest_hash: Digest;
  policy_hash: Digest;
  statement: Statement;
  statement_digest: Digest;
}
const vector = (name: string): Vector =>
  JSON.parse(readFileSync(new URL(`../../../../examples/vectors/statement-${name}.json`, import.meta.url), 'utf8'));
const bound = ({ manifest_hash, policy_hash, statement }: Vector): BoundStatement => ({
  manifestHash: manifest_hash,
  policyHash: policy_hash,
  statement,
});

const field = (bytes: Buffer) => {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes.length);
  return Buffer.concat([length, bytes]);
};
const text = (value: string | undefined) => field(Buffer.from(value ?? '', 'utf8'));
const digest = (value: string) => field(Buffer.from(value.slice(2), 'hex'));

describe('statement digest', () => {
  it.each(['disclosure', 'mock', 'bare'])('of statement-%s.json follows its description', async (name) => {
    const given = vector(name);
    const { signer, audience, nonce, issued_at, expires_at } = given.statement;
    const encoded = Buffer.concat([
      ...['cap.statement.v2', given.backend, '2'].map(text),
      ...[given.manifest_hash, given.policy_hash, signer].map(digest),
      ...[audience, nonce, issued_at, expires_at].map(text),
    ]);
    expect(`0x${await blake3(encoded)}`).toBe(given.statement_digest);
    expect(statementDigest(given.backend, bound(given))).toBe(given.statement_digest);
  });

  it('differs with each of its fields', () => {
    const given = bound(vector('disclosure'));
    const other: Digest = `0x${'ab'.repeat(32)}`;
    const variants: [BackendName, BoundStatement][] = [
      ['disclosure', given],
      ['mock', given],
      ['disclosure', { ...given, manifestHash: other }],
      ['disclosure', { ...given, policyHash: other }],
      ['disclosure', { ...given, statement: { ...given.statement, signer: other } }],
      ...(['audience', 'nonce', 'issued_at', 'expires_at'] as const).map((member): [BackendName, BoundStatement] => [
        'disclosure',
        { ...given, statement: { ...given.statement, [member]: `${given.statement[member]}x` } },
      ]),
    ];
    expect(new Set(variants.map(([backend, statement]) => statementDigest(backend, statement))).size).toBe(
      variants.length,
    );
  });

  it('does not confuse neighbouring fields', () => {
    const { manifestHash, policyHash } = bound(vector('bare'));
    const digestOf = (statement: Omit<Statement, 'signer'>) =>
      statementDigest('mock', { manifestHash, policyHash, statement: { signer: SIGNER, ...statement } });
    const issued_at = '2026-01-01T00:00:00Z';
    expect(digestOf({ audience: 'ab', nonce: 'c', issued_at })).not.toBe(
      digestOf({ audience: 'a', nonce: 'bc', issued_at }),
    );
    expect(digestOf({ audience: 'a', issued_at })).not.toBe(digestOf({ nonce: 'a', issued_at }));
  });

  it('takes digests only', () => {
    expect(() => statementDigest('mock', { ...bound(vector('bare')), policyHash: '0x12' })).toThrow('not a digest');
  });
});
