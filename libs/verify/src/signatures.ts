import {
  embeddedKey,
  parseEnvelope,
  publicKeyText,
  verifySignature,
  type DsseEnvelope,
  type PublicKeyText,
} from '@cap/crypto';
import { parseJson } from '@cap/core';
import { META_FILE, SIGNATURES_FILE, type Bundle, META_PAYLOAD_TYPE } from '@cap/proof/bundle';
import { type CheckResult, fail, type Finding, ok, type ExpectedActual } from './report/findings.js';
import type { TrustStore } from './trust/trust-store.js';
import { boundedJson } from './files.js';
import { attempt } from './meta.js';

/** More signatures than anybody needs: each costs a verification. */
const MAX_SIGNATURES = 16;

/** Whose signature verified. */
export interface Signatory {
  kid: string;
  publicKey: PublicKeyText;
}

/** signature.present, signature.valid. Who signed; nobody unless every signature is valid. */
export function checkSignatures(bundle: Bundle, trust: TrustStore | null): CheckResult<Signatory[]> {
  const nobody = (...findings: Finding[]) => ({ value: [], findings });
  const bytes = bundle.files.get(SIGNATURES_FILE);
  if (!bytes) return nobody(fail('signature.present', { expected: SIGNATURES_FILE, actual: 'not there' }));
  const read = attempt(() => parseEnvelope(parseJson(boundedJson(bytes, SIGNATURES_FILE), SIGNATURES_FILE)));
  if ('fault' in read) return nobody(fail('signature.present', { expected: 'a DSSE envelope', actual: read.fault }));
  const envelope = read.value;
  if (envelope.signatures.length === 0)
    return nobody(fail('signature.present', { expected: 'a signature', actual: 'an envelope without signatures' }));
  const actual = envelope.signatures.map(({ keyid }) => keyid).join(', ');
  const present = ok('signature.present', { actual });
  const outcome = envelopeFault(bundle, envelope) ?? signatories(envelope, trust);
  return Array.isArray(outcome)
    ? { value: outcome, findings: [present, ok('signature.valid', { actual })] }
    : nobody(present, fail('signature.valid', outcome));
}

type ParsedEnvelope = DsseEnvelope & { payloadBytes: Buffer };

function envelopeFault(bundle: Bundle, { payloadType, payloadBytes, signatures }: ParsedEnvelope) {
  if (payloadType !== META_PAYLOAD_TYPE) return { expected: META_PAYLOAD_TYPE, actual: payloadType };
  if (!bundle.files.get(META_FILE)?.equals(payloadBytes))
    return { expected: `the bytes of ${META_FILE}`, actual: 'the signatures cover other bytes' };
  if (signatures.length > MAX_SIGNATURES)
    return { expected: `at most ${MAX_SIGNATURES} signatures`, actual: `${signatures.length}` };
  // One key signing twice would look like two signers.
  const twice = signatures.find(({ keyid }, i) => signatures.findIndex((other) => other.keyid === keyid) !== i);
  return twice ? { expected: 'one signature for each key', actual: `several by ${twice.keyid}` } : null;
}

/** Who signed, or what is wrong. The trust store's key goes before the one that the envelope carries. */
function signatories(envelope: ParsedEnvelope, trust: TrustStore | null): Signatory[] | ExpectedActual {
  const found: Signatory[] = [];
  for (const signature of envelope.signatures) {
    const trusted = trust?.signer(signature.keyid);
    // Making a key of the one that the envelope carries costs much of a verification; mostly it is the trusted one.
    const same = trusted !== undefined && signature.public_key === trusted.keyText;
    const embedded = same ? trusted.key : embeddedKey(signature);
    if (signature.public_key !== undefined && !embedded)
      return { expected: `the public key of ${signature.keyid}`, actual: 'the envelope carries another key' };
    const key = trusted?.key ?? embedded;
    if (!key)
      return {
        expected: `the public key ${signature.keyid}`,
        actual: 'neither the trust store nor the envelope has it',
      };
    if (!verifySignature(envelope, signature, key))
      return { expected: `a valid signature by ${signature.keyid}`, actual: 'the signature does not verify' };
    found.push({ kid: signature.keyid, publicKey: trusted?.keyText ?? publicKeyText(key) });
  }
  return found;
}
