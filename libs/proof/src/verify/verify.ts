import { type Bundle } from '../bundle/bundle.js';
import { judgeLegacy } from '../legacy/judge.js';
import { CheckList } from '../report/check-list.js';
import { Clock } from './clock.js';
import { conclude } from './conclusion.js';
import { checkFiles, fileHashes } from './files.js';
import { type Verification, type VerificationOptions, type VerificationSources } from './inputs.js';
import { resolveLists } from './lists.js';
import { checkManifests } from './manifests.js';
import { checkMeta } from './meta.js';
import { acceptedBackends, refuseOptions } from './options.js';
import { choosePolicy } from './policy.js';
import { verifyProofs } from './proofs.js';
import { checkRegistry } from './registry.js';
import { judgeRules } from './rules.js';
import { type Judgement, type Run } from './run.js';
import { checkSignatures } from './signatures.js';
import { checkSigners } from './signers.js';
import { checkStatements, checkStatementSigner, statementSigner } from './statement.js';

/**
 * Judges a bundle. Whatever a readable bundle holds ends in a verdict, never in an error. Throws CapError `usage`
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
    checks: new CheckList(bundle.generation),
    clock: new Clock(options),
    hashOf: fileHashes(bundle),
  };
  return conclude(run, await judge(run));
}

/** Every check of the report, in pipeline order but where a comment says so. A check whose input failed stays skipped. */
async function judge(run: Run): Promise<Judgement> {
  const { bundle, sources, options, checks, clock, hashOf } = run;

  // legacy.format, and for a bundle of the older program all else as far as it has a meaning there
  if (bundle.generation === 'legacy') return judgeLegacy(run);

  // meta.schema, meta.units
  const { meta, units } = checkMeta(bundle, checks);
  if (!meta) return {};

  // files.hash, files.unlisted
  checkFiles(bundle, meta, hashOf, checks);

  // manifest.schema, manifest.canonical, manifest.commitments
  const manifests = checkManifests(bundle, units, hashOf, checks);

  // signature.present, signature.valid
  const signatories = checkSignatures(bundle, sources.trust, checks);

  // registry.match: before its place, since the registry's time is the trusted time of the signature
  const trusted = await checkRegistry(bundle, sources, options, checks);

  // signer.trusted, signer.validity
  const signerKid = statementSigner(units, signatories);
  const kids = signatories.map(({ kid }) => kid).sort((a, b) => Number(b === signerKid) - Number(a === signerKid));
  const companies = [...manifests.values()].map(({ manifest }) => manifest.company);
  checkSigners({ kids, companies }, sources.trust, trusted, clock, checks);
  const judgement: Judgement = { units, manifests, kids, signerKid };
  if (options.integrityOnly) return judgement;

  // timestamp: always skipped, refuseOptions() refuses to be asked for it

  // policy.pinned, policy.status, policy.hash
  const policy = await choosePolicy(bundle, meta, units, manifests, sources, checks);

  // lists.known, lists.age: before their place, since proofs are judged over the lists' contents
  const lists = await resolveLists(
    manifests,
    { bundle, meta, hashOf, policy: policy.rules, sources, trusted, clock },
    checks,
  );

  // proof.container, proof.backend, proof.vk, proof.binding, proof.valid, proof.claimed-only
  const proofJudging = {
    bundle,
    manifests,
    lists,
    policy: policy.rules,
    accepted: acceptedBackends(options),
    allowMock: options.allowMock,
    verifying: options.pool ? { pool: options.pool } : {},
  };
  const established = await verifyProofs(units, proofJudging, checks);

  // statement.signer
  checkStatementSigner(units, signatories, checks);

  // statement.audience, statement.nonce, statement.expired
  checkStatements(units, options, clock, checks);

  return { ...judgement, policy: policy.own, rules: judgeRules(policy, manifests, established, lists) };
}
