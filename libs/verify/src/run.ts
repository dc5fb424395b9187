import type { CompiledPolicy, RuleResult } from '@cap/policy';
import type { Statement, SampledRow } from '@cap/proof';
import type { Bundle, UnitFiles } from '@cap/proof/bundle';
import type { Finding } from './report/findings.js';
import type { ListComparison } from './report/report.js';
import type { Clock } from './clock.js';
import type { FileHashes } from './files.js';
import type { VerificationOptions, VerificationSources } from './inputs.js';
import type { CheckedManifest } from './manifests.js';

/** One verification: the bundle and everything it is verified with. */
export interface Run {
  bundle: Bundle;
  sources: VerificationSources;
  options: VerificationOptions;
  clock: Clock;
  hashOf: FileHashes;
}

/** The results of the checks, as far as they ran. */
export interface CheckOutcome {
  findings: readonly Finding[];
  /** Reference lists that a rule needs and that no source has, by id. */
  missingLists?: readonly string[];
  /** Proof units in dependency order. */
  units?: readonly UnitFiles[];
  /** Manifests by file name. */
  manifests?: ReadonlyMap<string, CheckedManifest>;
  /** Whose signatures verified; the statement's signer first. */
  kids?: readonly string[];
  /** The proof's signer, if that key signed; for a legacy bundle, the first signer. */
  signerKid?: string | null;
  /** The verifier's own policy. */
  policy?: CompiledPolicy | null;
  rules?: RuleResult[];
  /** What lists were compared with. */
  comparisons?: ListComparison[];
  /** Statement and backend of the last proof unit, the latter as named in _meta.json. */
  statement?: Statement;
  backend?: string;
  /** The rows of the caller's sample, or why they don't match the proof. */
  sample?: SampledRow[] | { fault: string };
}
