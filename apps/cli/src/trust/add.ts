import path from 'node:path';
import { CapError, isCapError } from '@cap/core';
import { isKid, publicKeyText, rfc3339 } from '@cap/crypto';
import { readKeyRecord, readPublicKey } from '@cap/crypto/key-files';
import { invisibleCharacter } from '@cap/lists';
import { isFutureDay, parseUsableList, referenceListKind } from '@cap/lists/reference-lists';
import {
  addToTrust,
  parseTrustDocument,
  trustDocumentBytes,
  type Company,
  type TrustAddition,
  type TrustDocument,
} from '@cap/verify/trust';
import { assertOneStdin, inputName, readInput } from '../input.js';
import { printResult, type CliIo } from '../io.js';
import { anyText, namedFile, visibleText, wholeNumber, type NamedFile } from '../options.js';
import { writeOutput } from '../output.js';
import { readSoundPolicy } from '../policy/policy-file.js';
import { repeated } from '../repeated-options.js';
import { verb } from '../verb.js';
import { DEFAULT_TRUST, DEFAULT_TRUST_HELP } from './trust-file.js';

export default verb({
  examples: [
    'cap trust add trust.json --signer project/keys/5f0c….pub --company "ACME GmbH"',
    'cap trust add trust.json --policy policy.yaml --reference-list sanctions=sanctions.csv@2025-11-01',
    'cap trust add trust.json --log-key log.example/cap+2e…+AR… --witness-key witness.example+45…+BF… --witness-threshold 1',
  ],
  syntax: (command) =>
    command
      .argument('[trust]')
      .option('--signer <file>', '<kid>.pub or <kid>.json, with the other next to it; repeatable', repeated(anyText))
      .option(
        '--company <name>',
        'company that the one --signer signs for, as its manifests name it; another company is a warning',
        visibleText,
      )
      .option('--lei <lei>', 'its legal entity identifier', visibleText)
      .option('--policy <file>', 'policy, JSON or YAML; repeatable', repeated(anyText))
      .option(
        '--reference-list <id=file[@day]>',
        'trust its hash, as of that day (default: today); repeatable',
        repeated(namedFile),
      )
      .option('--log-key <key>', 'verifier key of a log whose receipts count; repeatable', repeated(anyText))
      .option('--witness-key <key>', 'verifier key of a witness; repeatable', repeated(anyText))
      .option(
        '--witness-threshold <n>',
        'how many witnesses must have cosigned a checkpoint; with half of them or fewer, two different trees could pass',
        wholeNumber(0, 100),
      )
      .option('--out <file>', 'write the result there instead')
      .addHelpText('after', DEFAULT_TRUST_HELP),
  run: async (io, options, trust = DEFAULT_TRUST) => {
    const { signer = [], policy = [], referenceList = [], logKey = [], witnessKey = [], witnessThreshold } = options;
    assertOneStdin([
      ['the trust store', trust],
      ...policy.map((file) => ['--policy', file] as const),
      ...referenceList.map(({ id, file }) => [`--reference-list ${id}`, file] as const),
    ]);
    const company = companyOf(options);
    const additions: TrustAddition[] = [
      ...(await Promise.all(signer.map((file) => signerAddition(file, company)))),
      ...(await Promise.all(policy.map((file) => policyAddition(io, file)))),
      ...(await Promise.all(referenceList.map((list) => listAddition(io, list)))),
      ...logKey.map((key) => ({ logKey: key })),
      ...witnessKey.map((key) => ({ witnessKey: key })),
      // Last: the witnesses must have been added.
      ...(witnessThreshold === undefined ? [] : [{ witnessThreshold }]),
    ];
    if (additions.length === 0)
      throw new CapError(
        'option.missing',
        'nothing to add: give --signer, --policy, --reference-list, --log-key, --witness-key or --witness-threshold',
      );
    const { document } = parseTrustDocument(await readInput(io, trust), inputName(trust));
    const next = additions.reduce(addToTrust, document);
    await writeTrust(io, options, next, trust);
    if (options.out !== '-') warnOfThreshold(io, next);
  },
});

/** Writes a changed trust document to `--out`, or over the one that was read. */
export async function writeTrust(
  io: CliIo,
  options: { out?: string | undefined; json?: true | undefined },
  document: TrustDocument,
  trust: string,
): Promise<void> {
  const bytes = trustDocumentBytes(document);
  const out = options.out ?? trust;
  await writeOutput(io, out, bytes);
  if (out === '-') return;
  const { hash } = parseTrustDocument(bytes);
  printResult(io, options, { trust: out, trust_hash: hash, version: document.version }, () => `${out}  ${hash}`);
}

function warnOfThreshold(io: CliIo, { witness_threshold: threshold, witness_keys }: TrustDocument): void {
  const witnesses = witness_keys.length;
  if (threshold > 0 && threshold * 2 <= witnesses)
    io.err(
      `${threshold} of ${witnesses} witnesses: two different trees of one log could each collect that many. ` +
        `With ${Math.floor(witnesses / 2) + 1} they can't, unless a witness cosigns both.\n`,
    );
}

/** `<kid>.pub`, and the record next to it, which says how long the key may sign. */
async function signerAddition(file: string, company: Company | null): Promise<TrustAddition> {
  const directory = path.dirname(file);
  const kid = path.basename(file).replace(/\.(pub|json)$/, '');
  if (!isKid(kid)) throw new CapError('option.signer', `--signer ${file}: expected a file named <kid>.pub`);
  const recordFile = path.join(directory, `${kid}.json`);
  const { owner, status, valid_from, valid_to, revoked_at } = await readKeyRecord(directory, kid).catch((error) => {
    if (!isCapError(error) || error.code !== 'key.unknown') throw error;
    const remedy = 'the company hands over both files, <kid>.pub and <kid>.json';
    throw new CapError('key.unknown', `--signer ${file}: no such file ${recordFile}; ${remedy}`, { cause: error });
  });
  // If we made up a time, what was signed between the revocation and now would stay trusted.
  if (status === 'revoked' && revoked_at === undefined)
    throw new CapError('key.revoked', `${recordFile}: the key is revoked, but revoked_at is missing`);
  const invisible = invisibleCharacter(owner);
  if (invisible !== null)
    throw new CapError(
      'key.malformed',
      `${recordFile}: owner contains the invisible or unassigned character ${invisible}`,
    );
  const public_key = publicKeyText(await readPublicKey(directory, kid));
  return {
    signer: {
      ...{ kid, public_key, owner, ...(company && { company }) },
      ...{ valid_from, valid_to, ...(revoked_at && { revoked_at }) },
    },
  };
}

/** With several signers in one command it would be ambiguous whose company is meant. */
function companyOf(options: {
  signer?: string[] | undefined;
  company?: string | undefined;
  lei?: string | undefined;
}): Company | null {
  const { signer = [], company, lei } = options;
  if (company === undefined && lei === undefined) return null;
  if (signer.length !== 1)
    throw new CapError(
      'option.contradiction',
      `--company and --lei belong to exactly one --signer, but ${signer.length === 0 ? 'none is given' : `${signer.length} are given; run one command for each`}`,
    );
  return { ...(company !== undefined && { name: company }), ...(lei !== undefined && { lei }) };
}

async function policyAddition(io: CliIo, file: string): Promise<TrustAddition> {
  const { policy_hash, document } = await readSoundPolicy(io, file);
  return { policy: { hash: policy_hash, policy: document } };
}

async function listAddition(io: CliIo, { id, file, day }: NamedFile): Promise<TrustAddition> {
  const today = rfc3339(io.now()).slice(0, 10);
  if (day !== undefined && isFutureDay(day, io.now()))
    throw new CapError('option.day', `--reference-list ${id}: ${day} is in the future; today is ${today} (UTC)`);
  const { list } = parseUsableList(referenceListKind(id), await readInput(io, file), inputName(file));
  return { referenceList: { id, hash: list.hash, as_of: day ?? today } };
}
