/**
 * What a prover makes and a verifier reads: commitments, manifest, statement, proof backends, CAPZ container, bundle.
 * A backend is a folder in backends/ and a line in backends/index.ts. Start in manifest/manifest.ts, then backends/backend.ts;
 * docs/formats.md has the formats, docs/zero-knowledge.md the protocol of backends/kzg-columns.
 */
export {
  type BackendName,
  type ProofBackend,
  type ProofContext,
  type ProverList,
  type ProvingOptions,
  type Statement,
  type StepOutcome,
  type VerifyingOptions,
} from './backends/backend.js';
export { MAX_LEAVES } from './backends/disclosure/payload.js';
export { backendById, backendByName, backendFor, backends } from './backends/index.js';
export { assertCeremony } from './backends/kzg-columns/ceremony.js';
export { SEED_BYTES } from './backends/kzg-columns/columns.js';
export { columnLayout, commitColumns } from './backends/kzg-columns/commitment.js';
export { type Job, runJob } from './backends/kzg-columns/jobs.js';
export { kzgColumns, layoutOf } from './backends/kzg-columns/kzg-columns.js';
export { Labour } from './backends/kzg-columns/labour.js';
export { policyStatement } from './backends/kzg-columns/policy-statement.js';
export { WorkerPool } from './backends/kzg-columns/pool.js';
export {
  makeSample,
  placesOf,
  readSample,
  type Sample,
  type SampledRow,
  verifySample,
} from './backends/kzg-columns/sample.js';
export { capacityOf } from './backends/kzg-columns/statement.js';
export { mock } from './backends/mock/mock.js';
export { type FalseRule, offenceWords } from './backends/offences.js';
export { evaluationContextOf } from './backends/opened-rows.js';
export { PAYLOAD_MEMBERS, readPayload } from './backends/payload.js';
export { knownLists } from './backends/prover-checks.js';
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
export { commit, type CommittedList, isSalt, type MerkleSecrets } from './commitment/merkle-blake3.js';
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
export { statementDigest } from './statement/statement.js';
