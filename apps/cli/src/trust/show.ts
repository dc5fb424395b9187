import { companyText, parseTrustDocument, TrustStore, type TrustDocument } from '@cap/verify/trust';
import { inputName, readInput } from '../input.js';
import { printResult, table } from '../io.js';
import { printableIn } from '../printable.js';
import { verb } from '../verb.js';
import { DEFAULT_TRUST, DEFAULT_TRUST_HELP } from './trust-file.js';

export default verb({
  examples: ['cap trust show trust.json --json'],
  syntax: (command) => command.argument('[trust]').addHelpText('after', DEFAULT_TRUST_HELP),
  run: async (io, options, trust = DEFAULT_TRUST) => {
    const name = inputName(trust);
    const { document, hash } = parseTrustDocument(await readInput(io, trust), name);
    // Compiles the policies: a wrong hash is reported now, not with the first bundle.
    const store = new TrustStore(document, hash, name);
    printResult(io, options, { trust_hash: store.hash, ...document }, () => describe(printableIn(document), hash));
  },
});

const describe = (document: TrustDocument, hash: string): string =>
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
    `witnesses required  ${document.witness_threshold}`,
  ].join('\n');
