import { EXIT, CapError } from '@cap/core';
import { ReferenceList } from '@cap/lists/reference-lists';
import type { CompiledPolicy } from '@cap/policy';
import { readSample } from '@cap/proof';
import { DEFAULT_BUNDLE_LIMITS, readBundle } from '@cap/proof/bundle';
import {
  entryOfReceipt,
  verifyBundle,
  type PublishedList,
  type Report,
  type VerificationOptions,
  type VerificationSources,
} from '@cap/verify';
import type { TrustStore } from '@cap/verify/trust';
import { assertOneStdin, readInput } from '../input.js';
import { usesColour, type CliIo } from '../io.js';
import { readReceipt } from '../log/log-file.js';
import { writeOutput } from '../output.js';
import { readSoundPolicy } from '../policy/policy-file.js';
import { readTrust } from '../trust/trust-file.js';
import { verb } from '../verb.js';
import { refuseContradictions, verifySyntax, type PolicyOption, type VerifyOptions } from './options.js';
import { renderReport } from './render.js';
import { renderSample, type SampleOutcome } from './sample.js';
import { verifyRemotely } from './remote.js';

/** Verifies a bundle here, or lets a service verify it; for equal inputs both give the byte-equal report. */
export default verb({
  examples: [
    'cap verify bundle.zip --policy policy.json --trust trust.json',
    'cap verify bundle.zip --policy policy.json --trust trust.json --lang de',
    'CAP_TOKEN_FILE=token cap verify bundle.zip --url https://verifier.example.com',
    'cap verify bundle.zip --trust trust.json --receipt receipt.json',
    'cat bundle.zip | cap verify - --trust trust.json --json',
  ],
  syntax: verifySyntax,
  run: async (io, options, file) => {
    refuseContradictions(options);
    assertOneStdin([
      ['the bundle', file],
      ['--policy', options.policy && 'file' in options.policy ? options.policy.file : undefined],
      ['--trust', options.trust],
      ['--trust-signer', options.trustSigner],
      ['--receipt', options.receipt],
      ['--disclosure', options.disclosure],
      ['--token-file', options.tokenFile],
      ...(options.list ?? []).map((list) => [`--list ${list.id}`, list.file] as const),
    ]);
    const { report, bytes, sample }: Outcome =
      options.url === undefined
        ? await verifyHere(io, options, file)
        : await verifyRemotely(io, { ...options, url: options.url }, file);
    const rendering = { language: options.lang, colour: options.out === '-' && usesColour(io) };
    const text = options.json
      ? Buffer.concat([bytes, Buffer.from('\n')])
      : renderReport(report, rendering) + (sample ? `\n${renderSample(sample, options.lang)}` : '');
    await writeOutput(io, options.out, text);
    if (report.result !== 'ok' && !options.json && options.url === undefined) hintAtMissingOptions(io, options, report);
    return { ok: EXIT.ok, warn: EXIT.warn, fail: EXIT.fault }[report.result];
  },
});

/** A good bundle fails for a verifier who brings nothing: tell people which option would have settled the checks. */
function hintAtMissingOptions(io: CliIo, { policy, trust }: VerifyOptions, { policy_hash }: Report): void {
  if (trust === undefined) io.err('Without --trust, no signer is known, and only lists given with --list count.\n');
  if (policy === undefined && policy_hash === null)
    io.err('Without --policy, the rules are those of the bundle: your trust store has no policy for it.\n');
}

interface Outcome {
  report: Report;
  bytes: Buffer;
  /** With --disclosure: the rows, or why they are not those of the proof. */
  sample?: SampleOutcome;
}

async function verifyHere(io: CliIo, options: VerifyOptions, file: string): Promise<Outcome> {
  const trust = options.trust === undefined ? null : await readTrust(io, options.trust, options.trustSigner);
  const policy = options.policy === undefined ? null : await chosenPolicy(io, options.policy, trust);
  const bundle = await readBundle(file === '-' ? await readInput(io, file, DEFAULT_BUNDLE_LIMITS.bundleBytes) : file);
  const receipt = options.receipt === undefined ? null : await readReceipt(io, options.receipt);
  const sources: VerificationSources = {
    policy: policy && { compiled: policy, status: 'active' },
    trust,
    ...(receipt && trust && { registryEntry: (id) => entryOfReceipt(receipt, trust.logTrust, id) }),
    ...listSources(await readLists(io, options.list)),
  };
  const verification: VerificationOptions = {
    accepted: options.backend ?? 'auto',
    allowMock: options.environment !== 'production' && options.allowMock,
    ...(options.audience === undefined ? {} : { audience: options.audience }),
    ...(options.nonce === undefined ? {} : { nonce: options.nonce }),
    ...(options.at === undefined ? {} : { at: options.at }),
    ...(receipt && { checkRegistry: true }),
    ...(options.disclosure !== undefined && { sample: readSample(await readInput(io, options.disclosure)) }),
    now: () => io.now(),
  };
  const { report, reportBytes, sample } = await verifyBundle(bundle, sources, verification);
  return { report, bytes: reportBytes, ...(sample && { sample }) };
}

type GivenList = Omit<PublishedList, 'newest_as_of'>;

async function readLists(io: CliIo, lists: VerifyOptions['list'] = []): Promise<GivenList[]> {
  return Promise.all(
    lists.map(async ({ id, file, day }) => ({ id, list: new ReferenceList(await readInput(io, file)), as_of: day })),
  );
}

/** The lists of --list, by their hash; trust.json may know newer ones. */
function listSources(lists: readonly GivenList[]): Pick<VerificationSources, 'referenceList' | 'newestList'> {
  const newestFirst = [...lists].sort((a, b) => (a.as_of < b.as_of ? 1 : -1));
  const newestList = (id: string) => newestFirst.find((list) => list.id === id)?.as_of ?? null;
  return {
    newestList,
    referenceList: (hash) => {
      const found = newestFirst.find(({ list }) => list.hash === hash);
      return found ? { ...found, newest_as_of: newestList(found.id)! } : null;
    },
  };
}

async function chosenPolicy(io: CliIo, chosen: PolicyOption, trust: TrustStore | null): Promise<CompiledPolicy> {
  if ('file' in chosen) return readSoundPolicy(io, chosen.file);
  const policy = trust?.policy(chosen.hash);
  if (policy === undefined)
    throw new CapError(
      'policy.unknown',
      trust
        ? `the trust store has no policy with the hash ${chosen.hash}`
        : `no policy with the hash ${chosen.hash}: give a --trust file that has it`,
    );
  return policy;
}
