import { readFileSync } from 'node:fs';
import { digestBytes, publicKeyBytes, type Digest } from '@cap/crypto';
import { expect, it } from '@jest/globals';
import type { Statement } from '../../statement/statement.js';
import { secondStatement } from './second-verdict.fixture.js';
import { secondStatementDigest } from './second-verifier.fixture.js';
import { codeTable, PARAMS_HASH, referenceValues, statementDigest, VK_HASH, type ZkStatement } from './statement.js';

/** examples/vectors/statement-kzg-columns.json; values in decimal text. */
interface Vector {
  srs_hash: Digest;
  vk_hash: Digest;
  manifest_hash: Digest;
  policy_hash: Digest;
  statement: Statement;
  lists: {
    name: string;
    n: number;
    min: number;
    max: number;
    codes: number[];
    references: { id: string; file_hash: Digest; as_of: string; values: string[] }[];
    commitments: Record<'x' | 'r' | 'd', string>;
  }[];
  statement_digest: Digest;
}

const vector = JSON.parse(
  readFileSync(new URL('../../../../../examples/vectors/statement-kzg-columns.json', import.meta.url), 'utf8'),
) as Vector;
const point = (text: string) => Buffer.from(text.slice(2), 'hex');
const statement: ZkStatement = {
  manifestHash: digestBytes(vector.manifest_hash),
  policyHash: digestBytes(vector.policy_hash),
  signer: publicKeyBytes(vector.statement.signer),
  audience: vector.statement.audience!,
  nonce: vector.statement.nonce!,
  issuedAt: vector.statement.issued_at,
  expiresAt: vector.statement.expires_at!,
  lists: vector.lists.map(({ codes, references, commitments: { x, r, d }, ...list }) => ({
    ...list,
    table: codeTable(codes),
    references: references.map(({ id, file_hash, as_of, values }) =>
      referenceValues({ id, fileHash: digestBytes(file_hash), asOf: as_of }, values.map(BigInt)),
    ),
    commitments: { x: point(x), r: point(r), d: point(d) },
  })),
};

it('both verifiers find the digest of statement-kzg-columns.json', () => {
  const digest = digestBytes(vector.statement_digest);
  expect(statementDigest(statement)).toEqual(digest);
  expect(Buffer.from(secondStatementDigest(secondStatement(statement)))).toEqual(digest);
  expect([PARAMS_HASH, VK_HASH]).toEqual([digestBytes(vector.srs_hash), digestBytes(vector.vk_hash)]);
});
