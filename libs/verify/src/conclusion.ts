import { backends, placesOf, type Sample, type SampledRow } from '@cap/proof';
import {
  reportBytes,
  reportHash,
  verdictOf,
  type Report,
  type ReportOptions,
  type ReportSample,
} from './report/report.js';
import { checksOf } from './report/findings.js';
import type { Verification, VerificationOptions } from './inputs.js';
import { acceptedBackends } from './options.js';
import type { CheckOutcome, Run } from './run.js';

/** Where nothing says how manifest and proof are named. */
const USUAL = { manifest: 'manifest.json', proof: 'proof.capz' };

/** The report and what else the callers name: hashes are those of the last proof unit, or of the files with the usual names. */
export function conclude({ bundle, sources, options, clock, hashOf }: Run, outcome: CheckOutcome): Verification {
  const { units = [], manifests, kids = [], signerKid = null, policy, rules = [], comparisons = [] } = outcome;
  const { statement = null, sample = null, missingLists = [] } = outcome;
  const last = units.at(-1);
  const names = last ? { manifest: last.manifest_file, proof: last.proof_file } : USUAL;
  const company = last && manifests?.get(last.manifest_file)?.manifest.company;
  const checks = checksOf(outcome.findings, bundle.generation);
  const reportedSample = options.sample && sample && reportSample(options.sample, sample);
  const report: Report = {
    schema: 'cap-report.v2',
    result: verdictOf(checks, rules, reportedSample),
    bundle_id: bundle.bundleId,
    manifest_hash: hashOf(names.manifest) ?? null,
    proof_hash: hashOf(names.proof) ?? hashOf('proof.dat') ?? null,
    policy_hash: policy?.policy_hash ?? null,
    trust_hash: sources.trust?.hash ?? null,
    accepted: {
      backends: acceptedBackends(options),
      allow_mock: options.allowMock,
    },
    options: reportOptions(options),
    at: options.at ?? null,
    signers: kids.map((kid) => ({ kid, owner: sources.trust?.signer(kid)?.owner ?? null })),
    company: company?.name ?? company?.lei ?? null,
    statement: statement && { issued_at: statement.issued_at, expires_at: statement.expires_at ?? null },
    lists: comparisons,
    cleared: [],
    sample: reportedSample ?? null,
    notes: [],
    checks,
    rules,
  };
  const bytes = reportBytes(report);
  return {
    result: report.result,
    report,
    reportBytes: bytes,
    reportHash: reportHash(bytes),
    manifestHash: report.manifest_hash,
    proofHash: report.proof_hash,
    policyHash: report.policy_hash,
    backend: backends.find(({ name }) => name === outcome.backend)?.name ?? null,
    signerKid,
    company: report.company,
    sample,
    missingLists,
    validUntil: clock.validUntil,
  };
}

const reportSample = (sample: Sample, outcome: SampledRow[] | { fault: string }): ReportSample => ({
  places: placesOf(sample).map(({ list, place }) => `${list}:${place}`),
  result: Array.isArray(outcome) ? 'ok' : 'fail',
});

function reportOptions({ audience, nonce, checkRegistry }: VerificationOptions): ReportOptions {
  return {
    ...(audience !== undefined && { audience }),
    ...(nonce !== undefined && { nonce }),
    ...(checkRegistry && { check_registry: true }),
  };
}
