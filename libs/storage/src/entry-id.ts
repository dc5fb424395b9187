import { jcs } from '@cap/core';
import { sha3 } from '@cap/crypto';
import type { NewEntry } from './records.js';

/** UUIDv8 from what makes an entry unique, so that the same registration has one id, also after a lost answer or a restore. */
export function entryId({
  bundle_id,
  policy_hash,
  report_hash,
}: Pick<NewEntry, 'bundle_id' | 'policy_hash' | 'report_hash'>) {
  const bytes = sha3(jcs(['cap-entry.v2', bundle_id, policy_hash, report_hash])).subarray(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x80;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/**
 * How the log refers to a text that the database holds in clear, a company's name or a reason: without the salt, which is stored
 * beside the text, nobody can guess the text from it.
 */
export const saltedDigest = (text: string, salt: string) => `0x${sha3(jcs([salt, text])).toString('hex')}` as const;
