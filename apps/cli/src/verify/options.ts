import { InvalidArgumentError, Option } from '@commander-js/extra-typings';
import { CapError } from '@cap/core';
import { backends, type BackendName } from '@cap/proof';
import { LANGUAGE, namedDatedFile, serviceUrl, utcTime } from '../options.js';
import { repeated } from '../repeated-options.js';
import type { BareCommand, OptionsOf } from '../verb.js';

/** What `cap verify` takes. */
export const verifySyntax = (command: BareCommand) =>
  command
    .argument('<bundle>')
    .option(
      '--policy <file|hash>',
      'your policy, or the hash of one in trust.json (with --url: known to the service)',
      policyOption,
    )
    .option('--trust <file>', 'trust.json: signers, policies and reference lists you trust')
    .option('--trust-signer <file>', 'public key that must have signed the trust store (TRUST.sig next to it)')
    .option(
      '--list <id=file@day>',
      'a reference list of your own, and the date it is as of; repeatable',
      repeated(namedDatedFile),
    )
    .option('--at <time>', 'verify as of this time instead of now, RFC 3339 UTC', utcTime)
    .option('--audience <text>', 'whom the proof must be for', someText)
    .option('--nonce <text>', 'the nonce that the proof must repeat', someText)
    .option('--backend <names>', 'accepted backends, comma-separated (default: all)', acceptedBackends)
    .addOption(
      new Option('--environment <name>', 'production: a proof that only claims is a fail').choices([
        'development',
        'production',
      ]),
    )
    .option('--no-allow-mock', 'a proof that only claims is a fail')
    .addOption(new Option('--offline', 'call no service (the default)').conflicts('url'))
    .option('--url <url>', 'let the verifier API at this address verify', serviceUrl)
    .option('--check-registry', 'the bundle must be in the registry (only with --url)')
    .option('--receipt <file>', 'proof that the bundle is in the registry; its time counts (only offline)')
    .option('--token-file <file>', 'access token (default: CAP_TOKEN, CAP_TOKEN_FILE)')
    .addOption(LANGUAGE)
    .option(
      '--disclosure <file>',
      'rows of "cap disclose" that must be among those the proof is about: part of the verdict (only offline)',
    )
    .option('--out <file>', 'where the report is written', '-')
    .addHelpText(
      'after',
      '\nok means: every rule holds for the rows that the company committed to. It does not mean that they are true and complete.\n' +
        'With --json exactly the bytes of the report (cap-report.v2, RFC 8785) and a line feed.',
    );

export type VerifyOptions = OptionsOf<typeof verifySyntax>;

/** A policy file, or the hash of a policy. */
export type PolicyOption = { file: string } | { hash: `0x${string}` };

/** A malformed hash is refused as one: taken for a file it would only be reported as missing. */
function policyOption(text: string): PolicyOption {
  if (!/^(0x[0-9a-f]*|sha3-256:.*)$/is.test(text)) return { file: text };
  const hex = /^(?:0x|sha3-256:)([0-9a-f]{64})$/.exec(text)?.[1];
  if (hex === undefined)
    throw new InvalidArgumentError('Expected a file, or a hash: 0x or sha3-256: and 64 lower-case hex digits.');
  return { hash: `0x${hex}` };
}

/** An empty text is an empty variable in a script, not what its author wanted to check. */
function someText(text: string): string {
  if (text === '') throw new InvalidArgumentError('Expected a text that is not empty.');
  return text;
}

/** `auto` accepts all; a name that this release does not have is a usage error. */
function acceptedBackends(text: string): 'auto' | BackendName[] {
  if (text === 'auto') return 'auto';
  const known = new Map(backends.map(({ name }) => [name as string, name]));
  return text.split(',').map((name) => {
    const backend = known.get(name.trim());
    if (backend === undefined)
      throw new InvalidArgumentError(
        `${name} is not available in this version; choose ${[...known.keys()].join(', ')}.`,
      );
    return backend;
  });
}

/** What the service decides by its own configuration, the caller can't decide for it. */
export function refuseContradictions(options: VerifyOptions): void {
  const refuse = (why: string): never => {
    throw new CapError('option.contradiction', why);
  };
  if (options.trustSigner !== undefined && (options.trust === undefined || options.trust === '-'))
    refuse('--trust-signer needs --trust with a file, because the signature is in a file next to it');
  if (options.url === undefined) {
    if (options.checkRegistry)
      refuse('--check-registry needs --url: offline there is no registry to ask; use --receipt instead');
    if (options.receipt !== undefined && options.trust === undefined)
      refuse('--receipt needs --trust, whose log_keys say whose receipts count');
    if (options.tokenFile !== undefined) refuse('--token-file needs --url');
    return;
  }
  if (options.disclosure !== undefined)
    refuse("--disclosure can't be used with --url: rows are checked on this machine");
  if (options.receipt !== undefined)
    refuse("--receipt can't be used with --url: with --check-registry the service asks its registry");
  if (options.trust !== undefined)
    refuse("--trust can't be used with --url: the service verifies with its own trust store");
  if (options.list !== undefined) refuse("--list can't be used with --url: the service verifies with the lists it has");
  if (options.environment !== undefined) refuse("--environment can't be used with --url: the service has its own");
  if (!options.allowMock) refuse("--no-allow-mock can't be used with --url: the service decides that");
}
