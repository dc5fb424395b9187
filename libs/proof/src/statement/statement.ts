import { blake3Text, digestBytes, lengthPrefixed, publicKeyBytes, type Digest, type PublicKeyText } from '@cap/crypto';

/** The ways of proving, by the names that _meta.json and configuration have for them. */
export type BackendName = 'mock' | 'disclosure' | 'kzg-columns';

/** What a proof is bound to besides manifest and policy; times are the very bytes in _meta.json. */
export interface Statement {
  /** The Ed25519 public key of whoever makes the proof, `0x` + 64 hex: only a bundle that this key signed may carry it. */
  signer: PublicKeyText;
  audience?: string;
  nonce?: string;
  issued_at: string;
  expires_at?: string;
}

/** What a disclosure or mock proof is bound to. */
export interface BoundStatement {
  manifestHash: Digest;
  policyHash: Digest;
  statement: Statement;
}

/**
 * The statement digest D of the backends whose proof is a JSON payload: BLAKE3 of the fields "cap.statement.v2", backend
 * name, "2", manifest_hash, policy_hash, the signer's public key (32 raw bytes each), audience, nonce, issued_at, expires_at,
 * each as u32 little endian length ‖ bytes; an absent one counts as the empty string. Times are their bytes in _meta.json.
 */
export function statementDigest(backend: BackendName, { manifestHash, policyHash, statement }: BoundStatement): Digest {
  const fields = [
    'cap.statement.v2',
    backend,
    '2',
    digestBytes(manifestHash),
    digestBytes(policyHash),
    publicKeyBytes(statement.signer),
    statement.audience ?? '',
    statement.nonce ?? '',
    statement.issued_at,
    statement.expires_at ?? '',
  ];
  return blake3Text(...fields.map(lengthPrefixed));
}
