import { CapError } from '@cap/core';
import type { LogFailure } from '@cap/tlog';
import {
  consistencyFault,
  needsConsistencyProof,
  type ConsistencyFailureCode,
  type ConsistencyProof,
  type TreeHead,
} from '@cap/tlog/consistency';

/** consistencyFault; a required proof that was not given is wrong usage, not a fault of the log. */
export function growthFault(
  older: TreeHead,
  newer: TreeHead,
  proof: ConsistencyProof | null,
): LogFailure<ConsistencyFailureCode> | null {
  if (proof === null && needsConsistencyProof(older, newer))
    throw new CapError(
      'option.missing',
      `the tree of ${newer.origin} grew from ${older.size} to ${newer.size} leaves: --proof is required, ` +
        'the consistency proof between these sizes from the registry',
    );
  return consistencyFault(older, newer, proof);
}
