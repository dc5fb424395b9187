import { CapError } from '@cap/core';
import {
  consistencyFault,
  needsConsistencyProof,
  type ConsistencyFailureCode,
  type ConsistencyProof,
  type LogFailure,
  type TreeHead,
} from '@cap/tlog';

/** consistencyFault; a proof that is needed and was not named is wrong usage, and no fault of the log. */
export function growthFault(
  older: TreeHead,
  newer: TreeHead,
  proof: ConsistencyProof | null,
): LogFailure<ConsistencyFailureCode> | null {
  if (proof === null && needsConsistencyProof(older, newer))
    throw new CapError(
      'option.missing',
      `the tree of ${newer.origin} grew from ${older.size} to ${newer.size} leaves: --proof is needed, ` +
        'the consistency proof between these sizes from the registry',
    );
  return consistencyFault(older, newer, proof);
}
