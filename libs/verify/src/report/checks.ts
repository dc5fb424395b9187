/** Every check of a report, in pipeline order. */
export const CHECK_IDS = [
  'meta.schema',
  'meta.units',
  'files.hash',
  'files.unlisted',
  'files.copies',
  'manifest.schema',
  'manifest.canonical',
  'manifest.commitments',
  'signature.present',
  'signature.valid',
  'signer.trusted',
  'signer.validity',
  'timestamp', // reserved: skipped until time stamps are verified
  'policy.pinned',
  'policy.status',
  'policy.hash',
  'proof.container',
  'proof.backend',
  'proof.vk',
  'proof.binding',
  'proof.valid',
  'proof.claimed-only',
  'statement.signer',
  'statement.audience',
  'statement.nonce',
  'statement.time',
  'lists.company',
  'lists.known',
  'lists.age',
  'registry.match',
  'legacy.format',
] as const;

export type CheckId = (typeof CHECK_IDS)[number];
export type CheckStatus = 'ok' | 'warn' | 'fail' | 'skipped';
