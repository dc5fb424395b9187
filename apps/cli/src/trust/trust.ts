import path from 'node:path';
import { CapError } from '@cap/core';
import { isKid, loadSigningKey, publicKeyText, readKeyRecord, readPublicKey, rfc3339 } from '@cap/crypto';
import {
  addToTrust,
  companyText,
  emptyTrustDocument,
  parseTrustDocument,
  signTrust,
  TrustStore,
  trustDocumentBytes,
  trustSignatureFile,
  type Company,
  type TrustAddition,
  type TrustDocument,
} from '@cap/verify';
import { isFutureDay, parseUsableList, referenceListKind } from '@cap/lists';
import { inputName, readInput } from '../frame/input.js';
import { printResult, table, type CliIo } from '../frame/io.js';
import { type namedList } from '../frame/option-values.js';
import { printableIn } from '../frame/printable.js';
import { writeOutput } from '../frame/output.js';
import { keyPassphrase } from '../keys/directory.js';
import { requireOneStdin } from '../verify/one-stdin.js';
import { readSoundPolicy } from '../policy/read-policy.js';

type NamedList = ReturnType<typeof namedList>;

interface Options {
  json?: boolean;
}

export async function init(io: CliIo, options: Options & { out: string }): Promise<void> {
  const document = emptyTrustDocument();
  const bytes = trustDocumentBytes(document);
  // Never over another one: whoever lost it would trust nobody any more, without noticing.
  await writeOutput(io, options.out, bytes, { exclusive: true });
  if (options.out === '-') return;
  const { hash } = parseTrustDocument(bytes);
  printResult(io, options, { trust: options.out, trust_hash: hash }, () => `${options.out}  ${hash}`);
}

export async function add(
  io: CliIo,
  options: Options & {
    signer?: string[];
    company?: string;
    lei?: string;
    policy?: string[];
    referenceList?: NamedList[];
    logKey?: string[];
    witnessKey?: string[];
    witnessThreshold?: number;
    out?: string;
  },
  trust = 'trust.json',
): Promise<void> {
  requireOneStdin([
    ['the trust store', trust],
    ...(options.policy ?? []).map((file) => ['--policy', file] as const),
    ...(options.referenceList ?? []).map(({ id, file }) => [`--reference-list ${id}`, file] as const),
  ]);
  const company = companyOf(options);
  const additions: TrustAddition[] = [
    ...(await Promise.all((options.signer ?? []).map((file) => signerAddition(file, company)))),
    ...(await Promise.all((options.policy ?? []).map((file) => policyAddition(io, file)))),
    ...(await Promise.all((options.referenceList ?? []).map((list) => listAddition(io, list)))),
    ...(options.logKey ?? []).map((logKey) => ({ logKey })),
    ...(options.witnessKey ?? []).map((witnessKey) => ({ witnessKey })),
    // Last: the witnesses must be there.
    ...(options.witnessThreshold === undefined ? [] : [{ witnessThreshold: options.witnessThreshold }]),
  ];
  if (additions.length === 0)
    throw new CapError(
      'option.missing',
      'nothing to add: name a --signer, --policy, --reference-list, --log-key, --witness-key or --witness-threshold',
    );
  const { document } = parseTrustDocument(await readInput(io, trust), inputName(trust));
  const next = additions.reduce(addToTrust, document);
  const bytes = trustDocumentBytes(next);
  const out = options.out ?? trust;
  await writeOutput(io, out, bytes);
  if (out === '-') return;
  const { hash } = parseTrustDocument(bytes);
  printResult(io, options, { trust: out, trust_hash: hash, version: next.version }, () => `${out}  ${hash}`);
  const threshold = next.witness_threshold;
  const witnesses = next.witness_keys.length;
  if (threshold > 0 && threshold * 2 <= witnesses)
    io.err(
      `${threshold} of ${witnesses} witnesses: two different trees of one log can have so many each. ` +
        `With ${Math.floor(witnesses / 2) + 1} they can not, unless a witness cosigns both.\n`,
    );
}

/** `<kid>.pub`, and the record beside it, which says from when to when the key signs. */
async function signerAddition(file: string, company: Company | null): Promise<TrustAddition> {
  const directory = path.dirname(file);
  const kid = path.basename(file).replace(/\.(pub|json)$/, '');
  if (!isKid(kid)) throw new CapError('option.signer', `--signer ${file}: expected a file named <kid>.pub`);
  const { owner, status, valid_from, valid_to, revoked_at } = await readKeyRecord(directory, kid);
  // A time of our own making would let what was signed between the revocation and now stay trusted.
  if (status === 'revoked' && revoked_at === undefined)
    throw new CapError(
      'key.revoked',
      `${path.join(directory, `${kid}.json`)}: the key is revoked, but not since when: expected revoked_at`,
    );
  const public_key = publicKeyText(await readPublicKey(directory, kid));
  return {
    signer: {
      ...{ kid, public_key, owner, ...(company && { company }) },
      ...{ valid_from, valid_to, ...(revoked_at && { revoked_at }) },
    },
  };
}

/** With several signers in one command it would be open whose company is meant. */
function companyOf({ signer, company, lei }: { signer?: string[]; company?: string; lei?: string }): Company | null {
  if (company === undefined && lei === undefined) return null;
  if (signer?.length !== 1)
    throw new CapError(
      'option.contradiction',
      `--company and --lei are of one --signer, ${signer ? `${signer.length} are given: one command for each` : 'none is given'}`,
    );
  return { ...(company !== undefined && { name: company }), ...(lei !== undefined && { lei }) };
}

async function policyAddition(io: CliIo, file: string): Promise<TrustAddition> {
  const { policy_hash, document } = await readSoundPolicy(io, file);
  return { policy: { hash: policy_hash, policy: document } };
}

async function listAddition(io: CliIo, { id, file, day }: NamedList): Promise<TrustAddition> {
  const today = rfc3339(io.now()).slice(0, 10);
  if (day !== undefined && isFutureDay(day, io.now()))
    throw new CapError('option.day', `--reference-list ${id}: ${day} is in the future, today is ${today} (UTC)`);
  const { list } = parseUsableList(referenceListKind(id), await readInput(io, file), inputName(file));
  return { referenceList: { id, hash: list.hash, as_of: day ?? today } };
}

/** Writes the detached signature; any change of the content needs a new one. */
export async function sign(
  io: CliIo,
  options: Options & { keys: string; key: string },
  trust = 'trust.json',
): Promise<void> {
  const bytes = await readInput(io, trust);
  const { hash } = parseTrustDocument(bytes, inputName(trust));
  const key = await loadSigningKey(options.keys, options.key, io.now(), await keyPassphrase(io));
  const out = trustSignatureFile(trust);
  await writeOutput(io, out, signTrust(bytes, key));
  printResult(io, options, { signature: out, trust_hash: hash, signer_kid: key.kid }, () => `${out}  by ${key.kid}`);
}

export async function show(io: CliIo, options: Options, trust = 'trust.json'): Promise<void> {
  const { document, hash } = parseTrustDocument(await readInput(io, trust), inputName(trust));
  const store = new TrustStore(document, hash, inputName(trust)); // compiles the policies: a wrong hash is said now, not at the first bundle
  printResult(io, options, { trust_hash: store.hash, ...document }, () => showDocument(printableIn(document), hash));
}

const showDocument = (document: TrustDocument, hash: string): string =>
  [
    `trust_hash  ${hash}`,
    `version     ${document.version}`,
    '',
    table(
      ['signer', 'valid from', 'valid to', 'revoked at', 'owner', 'company'],
      document.signers.map(({ kid, valid_from, valid_to, revoked_at, owner, company }) => [
        kid,
        valid_from,
        valid_to,
        revoked_at ?? '-',
        owner,
        company ? companyText(company) : '-',
      ]),
    ),
    '',
    table(
      ['policy', 'name'],
      document.policies.map(({ hash: policyHash, policy }) => [
        policyHash,
        `${policy.id ?? policy.name ?? ''} ${policy.version ?? ''}`,
      ]),
    ),
    '',
    table(
      ['reference list', 'as of', 'withdrawn at', 'hash'],
      document.reference_lists.map(({ id, as_of, withdrawn_at, hash: listHash }) => [
        id,
        as_of,
        withdrawn_at ?? '-',
        listHash,
      ]),
    ),
    '',
    table(
      ['log key'],
      document.log_keys.map((key) => [key]),
    ),
    '',
    table(
      ['witness key'],
      document.witness_keys.map((key) => [key]),
    ),
    '',
    `witnesses asked for  ${document.witness_threshold}`,
  ].join('\n');
