import { randomBytes } from 'node:crypto';

export const digest = () => `0x${randomBytes(32).toString('hex')}`;

/** A new entry of a bundle. */
export const entryOf = (bundle_id) => ({
  bundle_id,
  manifest_hash: digest(),
  proof_hash: digest(),
  policy_hash: `0x${'a'.repeat(64)}`,
  result: 'ok',
  report_hash: digest(),
  signer_kid: '00112233445566778899aabbccddeeff',
  company: 'Musterwerk AG',
});
