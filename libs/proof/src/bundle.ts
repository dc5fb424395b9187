/** @cap/proof/bundle: The bundle: its files, _meta.json, reading. Start in bundle/bundle.ts. */
export {
  type Bundle,
  type BundleLimits,
  DEFAULT_BUNDLE_LIMITS,
  MAX_JSON_BYTES,
  META_FILE,
  SIGNATURES_FILE,
  UNLISTED_FILES,
} from './bundle/bundle.js';
export {
  type BundleMeta,
  type FileRole,
  LEGACY_META_SCHEMA,
  META_SCHEMA,
  orderUnits,
  parseMeta,
  type ProofUnit,
  type UnitFiles,
} from './bundle/meta.js';
export { parseMetaJson, readBundle, readMeta } from './bundle/read.js';
export { META_PAYLOAD_TYPE } from './bundle/write.js';
