import { type NamedReferenceList } from '@cap/lists';
import { evaluationContextOf, type Bundle } from '@cap/proof';
import { judgeLegacy } from './legacy/judge.js';
import { CheckList } from './report/check-list.js';
import { Clock } from './clock.js';
import { checkCompanyLists } from './company-lists.js';
import { conclude } from './conclusion.js';
import { checkCopies } from './copies.js';
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
import { verifyBundleSample } from './sample.js';
import { checkStatements, checkStatementSigner, checkTimes, statementSigner } from './statement.js';

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

  // files.copies: after its place, since manifests and proofs say what a copy must be
  checkCopies({ bundle, meta, units, manifests, hashOf }, checks);

  // signature.present, signature.valid
  const signatories = checkSignatures(bundle, sources.trust, checks);

  // registry.match: before its place, since the registry's time is the trusted time of the signature
  const trusted = await checkRegistry(bundle, sources, options, checks);

  // signer.trusted, signer.validity
  const signerKid = statementSigner(units, signatories);
  const kids = signatories.map(({ kid }) => kid).sort((a, b) => Number(b === signerKid) - Number(a === signerKid));
  const companies = [...manifests.values()].map(({ manifest }) => manifest.company);
  checkSigners({ kids, companies }, sources.trust, trusted, clock, checks);

  // timestamp: always skipped, refuseOptions() refuses to be asked for it

  // policy.pinned, policy.status, policy.hash
  const policy = await choosePolicy(bundle, meta, units, manifests, sources, checks);

  // lists.company: before its place, like the others that are judged by the trusted time
  checkCompanyLists(manifests, policy.rules, trusted, clock, checks);

  // lists.known, lists.age: before their place, since proofs are judged over the lists' contents
  const { held: lists, comparisons } = await resolveLists(
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
    verifying: { ...(options.pool && { pool: options.pool }), ...(options.signal && { signal: options.signal }) },
  };
  const established = await verifyProofs(units, proofJudging, checks);

  // statement.signer
  checkStatementSigner(units, signatories, checks);

  // statement.audience, statement.nonce
  checkStatements(units, options, checks);

  // statement.time
  if (units.length > 0) {
    const statements = units.map(({ statement }) => statement);
    const made = [meta, ...[...manifests.values()].map(({ manifest }) => manifest)].map(({ created_at }) => created_at);
    checkTimes(
      {
        made: [...made, ...statements.map(({ issued_at }) => issued_at)],
        ends: statements.flatMap(({ expires_at }) => expires_at ?? []),
      },
      trusted,
      options.at,
      clock,
      checks,
    );
  }

  const rules = judgeRules(policy, manifests, established, (judged) => {
    const found = lists.get(judged) ?? new Map<string, NamedReferenceList>();
    const hashes = new Map([...found].map(([id, { list }]) => [id, list.hash]));
    return evaluationContextOf(hashes, found, judged.manifest.commitments);
  });
  const sample = options.sample && (await verifyBundleSample(units, proofJudging, options.sample));
  return {
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
