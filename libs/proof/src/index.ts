/**
 * What a prover makes and a verifier reads: commitments, manifest, statement, proof backends, CAPZ container, bundle.
 * prove.ts is an entry point of its own for the prover's half, so that no service holds it. A backend is a folder in backends/, a
 * line in backends/index.ts and one in backends/provers.ts. Start in manifest/manifest.ts, then backends/backend.ts;
 * docs/formats.md has the formats, docs/zero-knowledge.md the protocol of backends/kzg-columns.
 */
export { type ProofBackend, type ProofContext, type VerifyingOptions } from './backends/backend.js';
export { MAX_LEAVES } from './backends/disclosure/payload.js';
export { backendById, backendByName, backends } from './backends/index.js';
export { assertCeremony } from './backends/kzg-columns/ceremony.js';
export { type Job, runJob } from './backends/kzg-columns/jobs.js';
export { kzgColumns } from './backends/kzg-columns/kzg-columns.js';
export { WorkerPool } from './backends/kzg-columns/pool.js';
export { placesOf, readSample, type Sample, type SampledRow, verifySample } from './backends/kzg-columns/sample.js';
export { capacityOf } from './backends/kzg-columns/statement.js';
export { evaluationContextOf } from './backends/opened-rows.js';
export { type StepOutcome } from './backends/outcome.js';
export { PAYLOAD_MEMBERS, readPayload } from './backends/payload.js';
export {
  type Bundle,
  type BundleLimits,
  DEFAULT_BUNDLE_LIMITS,
  MAX_JSON_BYTES,
  META_FILE,
  SIGNATURES_FILE,
  UNLISTED_FILES,
} from './bundle/bundle.js';
export { withFileSource } from './bundle/byte-source.js';
export { nameFault } from './bundle/entry-name.js';
export {
  type BundleMeta,
  type FileRole,
  LEGACY_META_SCHEMA,
  META_SCHEMA,
  orderUnits,
  parseMeta,
  type ProofUnit,
  publicKeyMember,
  type UnitFiles,
} from './bundle/meta.js';
export { parseMetaJson, readBundle, readMeta } from './bundle/read.js';
export {
  type BundleSigner,
  META_PAYLOAD_TYPE,
  packBundle,
  type RoledFile,
  writeBundle,
  type WrittenBundle,
} from './bundle/write.js';
export { unpack, unpackStreaming } from './bundle/zip-content.js';
export { readZipDirectory } from './bundle/zip-directory.js';
export { writeZip } from './bundle/zip-writer.js';
export { isSalt, type MerkleSecrets } from './commitment/merkle-blake3.js';
export { decodeContainer, encodeContainer, type ProofContainer } from './container/container.js';
export {
  buildManifest,
  columnsCommitment,
  type ColumnsCommitment,
  type Commitment,
  commitmentSchema,
  type CommitmentScheme,
  commitmentsFault,
  COMMITTED_LISTS,
  companyCommitmentRoot,
  ID_SCHEMES,
  type Manifest,
  manifestHash,
  merkleCommitment,
  parseManifest,
  TABLE_VERSIONS,
} from './manifest/manifest.js';
export { type BackendName, type Statement, statementDigest } from './statement/statement.js';
