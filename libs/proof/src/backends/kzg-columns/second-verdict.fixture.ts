import { secondStatementDigest, secondVerifier, type SecondStatement } from './second-verifier.fixture.js';
import { PARAMS_HASH, statementDigest, valueAt, valueCount, VK_HASH, type ZkStatement } from './statement.js';
import type { Verifier } from './verifier.js';

/** The statement in the words of the second verifier. */
export const secondStatement = ({ lists, ...about }: ZkStatement): SecondStatement => ({
  ...about,
  srsHash: PARAMS_HASH,
  vkHash: VK_HASH,
  lists: lists.map(({ table, references, ...list }) => ({
    ...list,
    codes: table.codes.map(BigInt),
    references: references.map(({ values: _values, valuesHash: _hash, ...reference }, i) => ({
      ...reference,
      values: Array.from({ length: valueCount(references[i]!) }, (_, k) => valueAt(references[i]!, k)),
    })),
  })),
});

/** What both verifiers say; their digests of the statement must agree. */
export async function bothVerdicts(
  verifier: Verifier,
  statement: ZkStatement,
  proof: Uint8Array,
): Promise<[boolean, boolean]> {
  const second = secondStatement(statement);
  if (!statementDigest(statement).equals(secondStatementDigest(second)))
    throw new Error('the two verifiers have different digests of the statement');
  return [accepted(verifier, statement, proof), secondVerifier(second, proof)];
}

function accepted(verifier: Verifier, statement: ZkStatement, proof: Uint8Array): boolean {
  try {
    verifier.verify(statement, proof);
    return true;
  } catch {
    return false;
  }
}
