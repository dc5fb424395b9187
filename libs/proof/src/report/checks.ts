/** Every check of a report, in pipeline order. */
export const CHECK_IDS = [
  'meta.schema',
  'meta.units',
  'files.hash',
  'files.unlisted',
  'manifest.schema',
  'manifest.canonical',
  'manifest.commitments',
  'signature.present',
  'signature.valid',
  'signer.trusted',
  'signer.validity',
  'timestamp',
  'policy.pinned',
  'policy.status',
  'policy.hash',
  'proof.container',
  'proof.backend',
  'proof.vk',
  'proof.binding',
  'proof.valid',
  'proof.claimed-only',
  'statement.audience',
  'statement.nonce',
  'statement.expired',
  'lists.known',
  'lists.age',
  'registry.match',
  'legacy.format',
] as const;

export type CheckId = (typeof CHECK_IDS)[number];
export type CheckStatus = 'ok' | 'warn' | 'fail' | 'skipped';
