import { CapError, EXIT, type ExitCode } from '@cap/core';
import { publicKeyFromText } from '@cap/crypto';
import { ReferenceList } from '@cap/lists';
import { type CompiledPolicy } from '@cap/policy';
import {
  assertTrustSigned,
  entryOfReceipt,
  parseTrustStore,
  trustSignatureFile,
  verifyBundle,
  type PublishedList,
  type Report,
  type TrustStore,
  type VerificationOptions,
  type VerificationSources,
} from '@cap/verify';
import { DEFAULT_BUNDLE_LIMITS, readBundle, readSample } from '@cap/proof';
import { inputName, readInput } from '../frame/input.js';
import { usesColour, type CliIo } from '../frame/io.js';
import { writeOutput } from '../frame/output.js';
import { readReceipt } from '../log/log-file.js';
import { readSoundPolicy } from '../policy/read-policy.js';
import { requireOneStdin } from './one-stdin.js';
import { acceptedBackends, isPolicyHash, refuseContradictions, refuseEmpty, type VerifyOptions } from './options.js';
import { renderReport } from './render.js';
import { renderSample, type SampleOutcome } from './sample.js';

/** Judges a bundle here, or lets a service judge it; both give the byte-equal report for equal inputs. */
export async function verify(io: CliIo, options: VerifyOptions, file: string): Promise<ExitCode> {
  refuseContradictions(options);
  refuseEmpty(options);
  requireOneStdin([
    ['the bundle', file],
    ['--policy', options.policy],
    ['--trust', options.trust],
    ['--trust-signer', options.trustSigner],
    ['--receipt', options.receipt],
    ['--disclosure', options.disclosure],
    ['--token-file', options.tokenFile],
    ...(options.list ?? []).map((list) => [`--list ${list.id}`, list.file] as const),
  ]);
  const { report, bytes, sample }: Judged =
    options.url === undefined
      ? await judgeHere(io, options, file)
      : await (await import('./remote.js')).judgeRemotely(io, { ...options, url: options.url }, file);
  const rendering = { language: options.lang, colour: options.out === '-' && usesColour(io) };
  const text = options.json
    ? Buffer.concat([bytes, Buffer.from('\n')])
    : renderReport(report, rendering) + (sample ? `\n${renderSample(sample, options.lang)}` : '');
  await writeOutput(io, options.out, text);
  return { ok: EXIT.ok, warn: EXIT.warn, fail: EXIT.fault }[report.result];
}

interface Judged {
  report: Report;
  bytes: Buffer;
  /** With --disclosure: the rows, or why they are not those of the proof. */
  sample?: SampleOutcome;
}

async function judgeHere(io: CliIo, options: VerifyOptions, file: string): Promise<Judged> {
  const trust = options.trust === undefined ? null : await readTrust(io, options.trust, options.trustSigner);
  const policy = options.policy === undefined ? null : await namedPolicy(io, options.policy, trust);
  const development = options.environment !== 'production';
  const bundle = await readBundle(file === '-' ? await readInput(io, file, DEFAULT_BUNDLE_LIMITS.bundleBytes) : file);
  const receipt = options.receipt === undefined ? null : await readReceipt(io, options.receipt);
  const sources: VerificationSources = {
    policy: policy && { compiled: policy, status: 'active' },
    trust,
    ...(receipt && trust && { registryEntry: (id) => entryOfReceipt(receipt, trust.logTrust, id) }),
    ...heldLists(await readLists(io, options.list)),
  };
  const judging: VerificationOptions = {
    accepted: acceptedBackends(options.backend),
    allowMock: development && options.allowMock,
    ...(options.audience === undefined ? {} : { audience: options.audience }),
    ...(options.nonce === undefined ? {} : { nonce: options.nonce }),
    ...(options.at === undefined ? {} : { at: options.at }),
    ...(receipt && { checkRegistry: true }),
    ...(options.disclosure !== undefined && { sample: readSample(await readInput(io, options.disclosure)) }),
    now: () => io.now(),
  };
  const { report, reportBytes, sample } = await verifyBundle(bundle, sources, judging);
  return { report, bytes: reportBytes, ...(sample && { sample }) };
}

async function readTrust(io: CliIo, file: string, signer: string | undefined): Promise<TrustStore> {
  const bytes = await readInput(io, file);
  if (signer !== undefined) {
    const key = publicKeyFromText((await readInput(io, signer)).toString('utf8'));
    assertTrustSigned(bytes, await readInput(io, trustSignatureFile(file)), key, inputName(file));
  }
  return parseTrustStore(bytes, inputName(file));
}

type GivenList = Omit<PublishedList, 'newest_as_of'>;

async function readLists(io: CliIo, lists: VerifyOptions['list'] = []): Promise<GivenList[]> {
  return Promise.all(
    lists.map(async ({ id, file, day }) => ({ id, list: new ReferenceList(await readInput(io, file)), as_of: day })),
  );
}

/** The lists of --list, by their hash; trust.json may know newer ones. */
function heldLists(lists: readonly GivenList[]): Pick<VerificationSources, 'referenceList' | 'newestList'> {
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

async function namedPolicy(io: CliIo, name: string, trust: TrustStore | null): Promise<CompiledPolicy> {
  if (!isPolicyHash(name)) return readSoundPolicy(io, name);
  const policy = trust?.policy(`0x${name.slice(-64)}`);
  if (policy === undefined)
    throw new CapError(
      'policy.unknown',
      `no policy with the hash ${name} in ${trust ? 'the trust store' : 'hand: name a --trust file that has it'}`,
    );
  return policy;
}
