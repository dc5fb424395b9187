import { type CompiledPolicy, type RuleResult } from '@cap/policy';
import { type Statement, type SampledRow, type Bundle, type UnitFiles } from '@cap/proof';
import { type Finding } from './report/findings.js';
import { type ListComparison } from './report/report.js';
import { type Clock } from './clock.js';
import { type FileHashes } from './files.js';
import { type VerificationOptions, type VerificationSources } from './inputs.js';
import { type JudgedManifest } from './manifests.js';

/** One verification: what is judged, and by what. */
export interface Run {
  bundle: Bundle;
  sources: VerificationSources;
  options: VerificationOptions;
  clock: Clock;
  hashOf: FileHashes;
}

/** What the checks came to, as far as they came. */
export interface Judgement {
  findings: readonly Finding[];
  /** Reference lists that a rule needs and that no source has, by id. */
  missingLists?: readonly string[];
  /** In dependency order. */
  units?: readonly UnitFiles[];
  /** By file name. */
  manifests?: ReadonlyMap<string, JudgedManifest>;
  /** Whose signatures verified; the statement's signer first. */
  kids?: readonly string[];
  /** The statement's signer, if he signed; of a bundle of the older program, whoever signed first. */
  signerKid?: string | null;
  /** The verifier's own policy. */
  policy?: CompiledPolicy | null;
  rules?: RuleResult[];
  /** What lists were compared with. */
  comparisons?: ListComparison[];
  /** Of the last proof unit; the name of the backend is as _meta.json says it. */
  statement?: Statement;
  backend?: string;
  /** The rows of the sample that was brought, or why they are not those of the proof. */
  sample?: SampledRow[] | { fault: string };
}
