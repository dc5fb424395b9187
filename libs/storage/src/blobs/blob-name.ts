import { CapError } from '@cap/core';
import { type Digest, isDigest } from '@cap/crypto';

/** `ab/cd/<64 hex digits>`. CapError request.schema if this is not a BLOB id. */
export function blobName(id: Digest): string {
  const hex = hexOf(id);
  return `${hex.slice(0, 2)}/${hex.slice(2, 4)}/${hex}`;
}

export function hexOf(id: Digest): string {
  if (!isDigest(id)) throw new CapError('request.schema', `not a BLOB id: ${String(id).slice(0, 80)}`);
  return id.slice(2);
}

/** The id of the BLOB with this name; null for any other name. */
export function blobOfName(name: string): Digest | null {
  const id = `0x${name.split('/').at(-1)}`;
  return isDigest(id) && name === blobName(id) ? id : null;
}
