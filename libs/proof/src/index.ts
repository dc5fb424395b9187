/**
 * What a verifier needs of a proof: the backends, the statement, the CAPZ container. Entry points of their own: manifest.ts,
 * bundle.ts, zip.ts, and prove.ts for the prover's half, so that no service holds it. A backend is a folder in backends/, a line in
 * backends/index.ts and one in backends/provers.ts. Start in manifest/manifest.ts, then backends/backend.ts; docs/formats.md has the
 * formats, docs/zero-knowledge.md the protocol of backends/kzg-columns.
 */
export { type ProofBackend, type ProofContext, type VerifyingOptions } from './backends/backend.js';
export { backendById, backendByName, backends } from './backends/index.js';
export { assertCeremony } from './backends/kzg-columns/ceremony.js';
export { WorkerPool } from './backends/kzg-columns/pool.js';
export { placesOf, readSample, type Sample, type SampledRow, verifySample } from './backends/kzg-columns/sample.js';
export { capacityOf } from './backends/kzg-columns/statement.js';
export { evaluationContextOf } from './backends/opened-rows.js';
export { type StepOutcome } from './backends/outcome.js';
export { PAYLOAD_MEMBERS } from './backends/payload.js';
export { decodeContainer, type ProofContainer } from './container/container.js';
export { type BackendName, type Statement } from './statement/statement.js';
