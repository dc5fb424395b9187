import { CapError } from '@cap/core';
import { backends, type BackendName } from '@cap/proof';
import { type Language } from '@cap/lists';

export interface VerifyOptions {
  policy?: string;
  trust?: string;
  trustSigner?: string;
  list?: { id: string; file: string; day: string }[];
  at?: string;
  audience?: string;
  nonce?: string;
  backend: string;
  environment?: 'development' | 'production';
  allowMock: boolean;
  offline?: boolean;
  url?: string;
  checkRegistry?: boolean;
  receipt?: string;
  tokenFile?: string;
  disclosure?: string;
  lang: Language;
  out: string;
  json?: boolean;
}

const POLICY_HASH = /^(0x|sha3-256:)[0-9a-f]{64}$/;
export const isPolicyHash = (text: string): boolean => POLICY_HASH.test(text);

/** `auto`, or the named backends; a name that this release does not have is a usage error. */
export function acceptedBackends(text: string): 'auto' | BackendName[] {
  if (text === 'auto') return 'auto';
  const known = new Map(backends.map(({ name }) => [name as string, name]));
  return text.split(',').map((name) => {
    const backend = known.get(name.trim());
    if (backend === undefined)
      throw new CapError(
        'option.unsupported',
        `--backend ${name}: not built in this version; there are ${[...known.keys()].join(', ')}`,
      );
    return backend;
  });
}

/** A proof for nobody, or one that repeats nothing: an empty variable in a script, not what its author meant to ask. */
export function refuseEmpty(options: Pick<VerifyOptions, 'audience' | 'nonce'>): void {
  for (const name of ['audience', 'nonce'] as const)
    if (options[name] === '') throw new CapError('option.empty', `--${name}: some text was expected`);
}

/** What the service decides by its own configuration, the caller can't decide for it. */
export function refuseContradictions(options: VerifyOptions): void {
  const refuse = (why: string): never => {
    throw new CapError('option.contradiction', why);
  };
  if (options.trustSigner !== undefined && (options.trust === undefined || options.trust === '-'))
    refuse('--trust-signer needs --trust with a file, which the signature stands beside');
  if (options.url === undefined) {
    if (options.checkRegistry)
      refuse('--check-registry needs --url: offline there is no registry to ask, but --receipt shows what it said');
    if (options.receipt !== undefined && options.trust === undefined)
      refuse('--receipt needs --trust, whose log_keys say whose receipts count');
    if (options.tokenFile !== undefined) refuse('--token-file needs --url');
    return;
  }
  if (options.disclosure !== undefined) refuse("--disclosure can't be used with --url: rows are checked here");
  if (options.receipt !== undefined)
    refuse("--receipt can't be used with --url: the service asks its registry, with --check-registry");
  if (options.trust !== undefined)
    refuse("--trust can't be used with --url: the service judges by its own trust store");
  if (options.list !== undefined) refuse("--list can't be used with --url: the service judges by the lists it holds");
  if (options.environment !== undefined) refuse("--environment can't be used with --url: the service has its own");
  if (!options.allowMock) refuse("--no-allow-mock can't be used with --url: the service decides that");
}
