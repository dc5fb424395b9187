import { verify, type KeyObject } from 'node:crypto';
import { isCapError } from '@cap/core';
import { kidOf, publicKeyFromText } from '@cap/crypto';
import { type CheckList } from '../report/check-list.js';
import { signedMessage, type LegacySignature } from './manifest.js';
import { type JudgedLegacyManifest } from './manifests.js';

/**
 * signature.present, signature.valid. The older program signed manifests, and nothing else: proof and other files are
 * held by their hashes alone. Returns the kids that signed; empty unless every manifest is signed and every signature valid.
 */
export function checkLegacySignatures(manifests: readonly JudgedLegacyManifest[], checks: CheckList): string[] {
  const kids = new Set<string>();
  let valid = true;
  for (const { file, manifest } of manifests) {
    const { signatures } = manifest;
    if (signatures.length === 0) {
      checks.fail('signature.present', { expected: 'a signature', actual: `${file}: none` });
      valid = false;
      continue;
    }
    checks.ok('signature.present', { actual: signatures.map(({ signer }) => signer).join(', ') });
    const message = Buffer.from(signedMessage(manifest));
    for (const signature of signatures) {
      const key = keyOf(signature);
      const kid = key && kidOf(key);
      if (key && isValid(signature, message, key)) kids.add(kid!);
      else {
        valid = false;
        checks.fail('signature.valid', {
          expected: `${file} as it stood before signing, signed with Ed25519 by ${kid ?? 'a readable key'}`,
          actual: key ? 'the signature does not verify' : 'pubkey_hex is no Ed25519 key',
        });
      }
    }
  }
  if (!valid) return [];
  if (kids.size > 0) checks.ok('signature.valid', { actual: [...kids].join(', ') });
  return [...kids];
}

/** Hex with or without `0x`, in either case. */
function hex(text: string, bytes: number): string | null {
  const digits = text.replace(/^0x/u, '').toLowerCase();
  return digits.length === 2 * bytes && /^[0-9a-f]*$/u.test(digits) ? digits : null;
}

function keyOf({ pubkey_hex }: LegacySignature): KeyObject | null {
  const digits = hex(pubkey_hex, 32);
  if (digits === null) return null;
  try {
    return publicKeyFromText(`0x${digits}`);
  } catch (error) {
    if (!isCapError(error)) throw error;
    return null;
  }
}

function isValid({ alg, sig_hex }: LegacySignature, message: Buffer, key: KeyObject): boolean {
  const digits = hex(sig_hex, 64);
  return alg.toLowerCase() === 'ed25519' && digits !== null && verify(null, message, key, Buffer.from(digits, 'hex'));
}
