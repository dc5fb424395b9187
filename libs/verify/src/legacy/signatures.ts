import { verify, type KeyObject } from 'node:crypto';
import { isCapError } from '@cap/core';
import { kidOf, publicKeyFromText } from '@cap/crypto';
import { type CheckResult, fail, type Finding, ok } from '../report/findings.js';
import { signedMessage, type LegacySignature } from './manifest.js';
import type { CheckedLegacyManifest } from './manifests.js';

/**
 * signature.present, signature.valid. The older program signed manifests, and nothing else: proof and other files are
 * held by their hashes alone. Returns the kids that signed; empty unless every manifest is signed and every signature valid.
 */
export function checkLegacySignatures(manifests: readonly CheckedLegacyManifest[]): CheckResult<string[]> {
  const kids = new Set<string>();
  const findings: Finding[] = [];
  for (const { file, manifest } of manifests) {
    const { signatures } = manifest;
    if (signatures.length === 0) {
      findings.push(fail('signature.present', { expected: 'a signature', actual: `${file}: none` }));
      continue;
    }
    findings.push(ok('signature.present', { actual: signatures.map(({ signer }) => signer).join(', ') }));
    const message = Buffer.from(signedMessage(manifest));
    for (const signature of signatures) {
      const key = keyOf(signature);
      const kid = key && kidOf(key);
      if (key && isValid(signature, message, key)) kids.add(kid!);
      else
        findings.push(
          fail('signature.valid', {
            expected: `${file} as it stood before signing, signed with Ed25519 by ${kid ?? 'a readable key'}`,
            actual: key ? 'the signature does not verify' : 'pubkey_hex is no Ed25519 key',
          }),
        );
    }
  }
  if (findings.some(({ status }) => status === 'fail')) return { value: [], findings };
  if (kids.size > 0) findings.push(ok('signature.valid', { actual: [...kids].join(', ') }));
  return { value: [...kids], findings };
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
