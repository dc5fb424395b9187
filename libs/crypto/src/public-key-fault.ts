const FIELD_ORDER = 2n ** 255n - 19n;
/** y of a point of order 8; the other four have -y, or the same with the other sign of x. */
const ORDER_EIGHT = 0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n;
/** y of every point whose order divides 8. */
const SMALL_ORDER: ReadonlySet<bigint> = new Set([0n, 1n, FIELD_ORDER - 1n, ORDER_EIGHT, FIELD_ORDER - ORDER_EIGHT]);

/**
 * Why 32 raw bytes are not a usable Ed25519 public key, or null. Under a point of small order anybody can make a signature
 * that verifies, without a private key; a y of 2^255 - 19 or more is a second spelling of another key. OpenSSL accepts both.
 */
export function publicKeyFault(raw: Uint8Array): string | null {
  const bytes = Buffer.from(raw).reverse();
  bytes[0]! &= 0x7f; // the sign of x
  const y = BigInt(`0x${bytes.toString('hex')}`);
  if (y >= FIELD_ORDER) return 'not the canonical encoding of a point';
  return SMALL_ORDER.has(y) ? 'a point of small order, whose signatures anybody can make' : null;
}
