/**
 * @cap/proof/prove: the prover's half of the package, which works with rows and secrets. The command line alone imports it;
 * verifying services have no use for it.
 */
export {
  type BackendProver,
  type ProverList,
  type ProvingContext,
  type ProvingOptions,
} from './backends/backend-prover.js';
export { SEED_BYTES } from './backends/kzg-columns/columns.js';
export { columnLayout, commitColumns } from './backends/kzg-columns/commitment.js';
export { JobScheduler } from './backends/kzg-columns/job-scheduler.js';
export { policyStatement } from './backends/kzg-columns/policy-statement.js';
export { layoutOf } from './backends/kzg-columns/prove.js';
export { makeSample } from './backends/kzg-columns/sample.js';
export { type FalseRule, violationText } from './backends/violations.js';
export { knownLists } from './backends/prover-checks.js';
export { proverFor, provers } from './backends/provers.js';
export { commit, type CommittedList } from './commitment/merkle-blake3.js';
export { publicKeyMember } from './bundle/meta.js';
export { packBundle, writeBundle, type WrittenBundle } from './bundle/write.js';
export { isSalt, type MerkleSecrets } from './commitment/merkle-blake3.js';
export { encodeContainer } from './container/container.js';
export { buildManifest, commitmentSchema, manifestHash } from './manifest/manifest.js';
