import type { KeyObject } from 'node:crypto';
import { CapError, newestDay } from '@cap/core';
import { publicKeyFromText, publicKeyText, type Digest, type PublicKeyText } from '@cap/crypto';
import type { LogTrust } from '@cap/tlog';
import { compilePolicy, lintErrors, type CompiledPolicy } from '@cap/policy';
import type { Company } from './company.js';
import { logTrustOf } from './log-trust.js';
import { parseTrustDocument, type TrustDocument } from './trust-document.js';

/** A signer whom the verifier trusts, ready to verify with. */
export interface TrustedSigner {
  kid: string;
  owner: string;
  company: Company | null;
  key: KeyObject;
  /** The key as `0x` + hex, as envelopes and statements carry it. */
  keyText: PublicKeyText;
  /** RFC 3339 UTC. */
  valid_from: string;
  valid_to: string;
  revoked_at: string | null;
}

/** A trust document made ready once: keys as KeyObjects by kid, policies compiled by hash. */
export class TrustStore {
  private readonly signers: ReadonlyMap<string, TrustedSigner>;
  private readonly policies: ReadonlyMap<Digest, CompiledPolicy>;
  /** The log and witness keys it trusts. */
  readonly logTrust: LogTrust;

  constructor(
    readonly document: TrustDocument,
    /** SHA3-256(JCS) of the document as it was written. */
    readonly hash: Digest,
    /** How the file is called in messages. */
    name = 'trust.json',
  ) {
    this.signers = new Map(
      document.signers.map(({ public_key, revoked_at, company, ...record }) => {
        const key = publicKeyFromText(public_key);
        return [
          record.kid,
          {
            ...record,
            company: company ?? null,
            key,
            keyText: publicKeyText(key),
            revoked_at: revoked_at ?? null,
          },
        ];
      }),
    );
    this.logTrust = logTrustOf(document, name);
    this.policies = new Map(document.policies.map((record, i) => compiled(record, `${name}: policies.${i}`)));
  }

  signer(kid: string): TrustedSigner | undefined {
    return this.signers.get(kid);
  }

  policy(hash: Digest): CompiledPolicy | undefined {
    return this.policies.get(hash);
  }

  /** The named list, and the newest date that the store knows for its id. */
  referenceList(
    hash: Digest,
  ): { id: string; as_of: string; newest_as_of: string | null; withdrawn_at: string | null } | undefined {
    const found = this.document.reference_lists.find((list) => list.hash === hash);
    if (!found) return undefined;
    const { id, as_of, withdrawn_at = null } = found;
    return { id, as_of, newest_as_of: this.newestList(id) ?? null, withdrawn_at };
  }

  /** The date of the newest list with this id that was not withdrawn. */
  newestList(id: string): string | undefined {
    return newestDay(
      this.document.reference_lists.flatMap((list) =>
        list.id === id && list.withdrawn_at === undefined ? [list.as_of] : [],
      ),
    );
  }
}

function compiled({ hash, policy }: TrustDocument['policies'][number], place: string): [Digest, CompiledPolicy] {
  let result: CompiledPolicy;
  try {
    result = compilePolicy(policy, { lintMode: 'relaxed' }); // style is the author's business
  } catch (cause) {
    throw new CapError('trust.invalid', `${place}: ${(cause as Error).message}`, { cause });
  }
  // A wrong hash would pin another policy than the one the verifier's owner read.
  if (result.policy_hash.slice(-64) !== hash.slice(-64))
    throw new CapError('trust.invalid', `${place}: hash is ${hash}, but the policy's is ${result.policy_hash}`);
  // The verifier's owner would believe that such a rule, which demands nothing we can verify, protects them.
  const errors = lintErrors(result.lints);
  if (errors.length > 0)
    throw new CapError(
      'trust.invalid',
      `${place}: ${errors.map(({ code, message }) => `${code}: ${message}`).join('; ')}`,
      { details: errors.map((lint) => ({ file: place, ...lint })) },
    );
  return [result.policy_hash, result];
}

/** Reads trust.json. Throws CapError `trust.invalid` that names the member. */
export function parseTrustStore(bytes: Uint8Array, name = 'trust.json'): TrustStore {
  const { document, hash } = parseTrustDocument(bytes, name);
  return new TrustStore(document, hash, name);
}
