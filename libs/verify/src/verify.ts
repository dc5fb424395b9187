import type { NamedReferenceList } from '@cap/lists/reference-lists';
import { evaluationContextOf } from '@cap/proof';
import type { Bundle } from '@cap/proof/bundle';
import { verifyLegacy } from './legacy/verify-legacy.js';
import { Findings } from './report/findings.js';
import { Clock } from './clock.js';
import { checkCompanyLists } from './company-lists.js';
import { conclude } from './conclusion.js';
import { checkCopies } from './copies.js';
import { checkFiles, fileHashes } from './files.js';
import type { Verification, VerificationOptions, VerificationSources } from './inputs.js';
import { resolveLists } from './lists.js';
import { checkManifests } from './manifests.js';
import { checkMeta } from './meta.js';
import { acceptedBackends, refuseOptions } from './options.js';
import { choosePolicy } from './policy.js';
import { verifyProofs } from './proofs.js';
import { checkRegistry } from './registry.js';
import { verifyRules } from './rules.js';
import type { CheckOutcome, Run } from './run.js';
import { checkSignatures } from './signatures.js';
import { checkSigners } from './signers.js';
import { verifyBundleSample } from './sample.js';
import { checkStatements, checkStatementSigner, checkTimes, statementSigner } from './statement.js';

/**
 * Verifies a bundle. Whatever a readable bundle contains ends in a verdict, never in an error. Throws CapError `usage`
 * (`option.unsupported`, `option.invalid`) for options, and whatever a source throws.
 */
export async function verifyBundle(
  bundle: Bundle,
  sources: VerificationSources,
  options: VerificationOptions,
): Promise<Verification> {
  refuseOptions(options, sources);
  const run = {
    bundle,
    sources,
    options,
    clock: new Clock(options),
    hashOf: fileHashes(bundle),
  };
  return conclude(run, await runChecks(run));
}

/** Every check of the report, in pipeline order but where a comment says so. A check whose input failed stays skipped. */
async function runChecks(run: Run): Promise<CheckOutcome> {
  const { bundle, sources, options, clock, hashOf } = run;

  // legacy.format, and for a bundle of the older program all else as far as it has a meaning there
  if (bundle.generation === 'legacy') return verifyLegacy(run);

  const found = new Findings();

  // meta.schema, meta.units
  const { meta, units } = found.take(checkMeta(bundle));
  if (!meta) return { findings: found.all };

  // files.hash, files.unlisted
  found.add(checkFiles(bundle, meta, hashOf));

  // manifest.schema, manifest.canonical, manifest.commitments
  const manifests = found.take(checkManifests(bundle, units, hashOf));

  // files.copies: after its place, since manifests and proofs say what a copy must be
  found.add(checkCopies({ bundle, meta, units, manifests, hashOf }));

  // signature.present, signature.valid
  const signatories = found.take(checkSignatures(bundle, sources.trust));

  // registry.match: before its place, since the registry's time is the trusted time of the signature
  const trusted = found.take(await checkRegistry(bundle, sources, options));

  // signer.trusted, signer.validity
  const signerKid = statementSigner(units, signatories);
  const kids = signatories.map(({ kid }) => kid).sort((a, b) => Number(b === signerKid) - Number(a === signerKid));
  const companies = [...manifests.values()].map(({ manifest }) => manifest.company);
  found.add(checkSigners({ kids, companies }, sources.trust, trusted, clock));

  // timestamp: always skipped, refuseOptions() refuses to be asked for it

  // policy.pinned, policy.status, policy.hash
  const policy = found.take(await choosePolicy(bundle, meta, units, manifests, sources));

  // lists.company: before its place, like the others that are checked by the trusted time
  found.add(checkCompanyLists(manifests, policy.rules, trusted, clock));

  // lists.known, lists.age: before their place, since proofs are checked over the lists' contents
  const { lists, comparisons, missing } = found.take(
    await resolveLists(manifests, { bundle, meta, hashOf, policy: policy.rules, sources, trusted, clock }),
  );

  // proof.container, proof.backend, proof.vk, proof.binding, proof.valid, proof.claimed-only
  const proofInputs = {
    bundle,
    manifests,
    lists,
    policy: policy.rules,
    accepted: acceptedBackends(options),
    allowMock: options.allowMock,
    verifying: { ...(options.pool && { pool: options.pool }), ...(options.signal && { signal: options.signal }) },
  };
  const established = found.take(await verifyProofs(units, proofInputs));

  // statement.signer
  found.add(checkStatementSigner(units, signatories));

  // statement.audience, statement.nonce
  found.add(checkStatements(units, options));

  // statement.time
  found.add(checkTimes({ meta, manifests, units }, trusted, options.at, clock));

  const rules = verifyRules(policy, manifests, established, (checked) => {
    const known = lists.get(checked) ?? new Map<string, NamedReferenceList>();
    const hashes = new Map([...known].map(([id, { list }]) => [id, list.hash]));
    return evaluationContextOf(hashes, known, checked.manifest.commitments);
  });
  const sample = options.sample && (await verifyBundleSample(units, proofInputs, options.sample));
  return {
    findings: found.all,
    missingLists: missing,
    units,
    manifests,
    kids,
    signerKid,
    policy: policy.own,
    rules,
    comparisons,
    ...(units.length > 0 && { statement: units.at(-1)!.statement, backend: units.at(-1)!.backend }),
    ...(sample && { sample }),
  };
}
