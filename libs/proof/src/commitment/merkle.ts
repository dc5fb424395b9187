import { blake3 } from '@cap/crypto';

/**
 * The commitment tree `merkle-blake3.v3`: leaves are 32-byte hashes, the tree is split as in RFC 6962 (left part = the
 * largest power of two below n), node = BLAKE3("cap.node.v2" ‖ countL ‖ L ‖ countR ‖ R) with counts as 8-byte big endian,
 * empty root = BLAKE3("cap.empty.v2"). Counts inside the nodes make the number of leaves part of the root.
 */
export function commitmentRoot(leaves: readonly Uint8Array[]): Buffer {
  if (leaves.length === 0) return blake3('cap.empty.v2');
  return subtree(leaves, 0, leaves.length);
}

function subtree(leaves: readonly Uint8Array[], from: number, to: number): Buffer {
  const count = to - from;
  if (count === 1) return Buffer.from(leaves[from]!);
  const middle = from + largestPowerOfTwoBelow(count);
  return blake3(
    'cap.node.v2',
    u64BigEndian(middle - from),
    subtree(leaves, from, middle),
    u64BigEndian(to - middle),
    subtree(leaves, middle, to),
  );
}

/** For n >= 2: the k = 2^i with k < n <= 2k (RFC 6962, section 2.1). */
export const largestPowerOfTwoBelow = (n: number): number => 2 ** (31 - Math.clz32(n - 1));

function u64BigEndian(value: number): Buffer {
  const out = Buffer.alloc(8);
  out.writeBigUInt64BE(BigInt(value));
  return out;
}
