import { createPublicKey, type KeyObject, sign } from 'node:crypto';
import { lstat, readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { CapError } from '@cap/core';
import { isMissing, readError, requirePrivateFile } from '@cap/core/files';
import {
  embeddedKey,
  isKid,
  kidOf,
  preAuthenticationEncoding,
  publicKeyFromText,
  publicKeyText,
  verifySignature,
} from '@cap/crypto';
import {
  loadRecordedKey,
  loadSigningKey,
  openPrivateKey,
  recordFileOf,
  requireUsage,
  type SigningKey,
} from '@cap/crypto/key-files';

/**
 * Signatures of backups are detached DSSE: the Ed25519 signature over DSSE's pre-authentication encoding of (payload type,
 * payload), stored without the payload. A manifest, which may be large, is already in the archive as manifest.json.
 */
export const PAYLOAD_TYPES = {
  manifest: 'application/vnd.cap.backup-manifest.v1+json',
  sidecar: 'application/vnd.cap.backup-sidecar.v1+json',
} as const;
export type PayloadType = (typeof PAYLOAD_TYPES)[keyof typeof PAYLOAD_TYPES];

export const signatureShape = z.strictObject({
  /** kid of the signing key. */
  keyid: z.string(),
  /** base64 */
  sig: z.string(),
  /** `0x` + 64 hex; must hash to keyid. */
  public_key: z.string(),
});
export type DetachedSignature = z.infer<typeof signatureShape>;

/** Who signs archives. */
export type ArchiveSigner = Pick<SigningKey, 'kid' | 'privateKey' | 'publicKey'>;
/** The expected signer: a key id, or the public key itself. */
export type ExpectedSigner = string | KeyObject;

export function signDetached(type: PayloadType, payload: Uint8Array, signer: ArchiveSigner): DetachedSignature {
  return {
    keyid: signer.kid,
    sig: sign(null, preAuthenticationEncoding(type, payload), signer.privateKey).toString('base64'),
    public_key: publicKeyText(signer.publicKey),
  };
}

/**
 * Verifies a signature and returns its kid. `expected` null: any key, so that only integrity is checked, not origin.
 * CapError backup.signer for another key's, backup.signature for one that does not verify (both refused).
 */
export function checkDetached(
  type: PayloadType,
  payload: Uint8Array,
  signature: DetachedSignature,
  expected: ExpectedSigner | null,
  what: string,
): string {
  if (expected !== null) {
    const kid = typeof expected === 'string' ? expected : kidOf(expected);
    if (signature.keyid !== kid)
      throw new CapError('backup.signer', `${what}: signed by ${signature.keyid.slice(0, 80)}, expected ${kid}`);
  }
  const key = typeof expected === 'object' && expected !== null ? expected : embeddedKey(signature);
  if (!key) throw new CapError('backup.signature', `${what}: its public key is not the one that its key id names`);
  if (!verifySignature({ payloadType: type, payloadBytes: payload }, signature, key))
    throw new CapError('backup.signature', `${what}: the signature of ${signature.keyid} is not valid`);
  return signature.keyid;
}

async function readKeyFile(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    if (isMissing(cause)) throw new CapError('key.unknown', `no such file: ${file}`, { cause });
    throw readError(file, cause);
  }
}

/**
 * The key of `backup.signing_key`. A file `NAME.key` with its record `NAME.json` beside it must comply with it (active, within
 * its validity, made for backups), and `<kid>.key` must have one; any other file is a bare PKCS#8 PEM. CapError key.unknown,
 * key.malformed, key.passphrase, key.forbidden, and those of readError.
 */
export async function loadArchiveSigner(file: string, now: Date, passphrase?: string): Promise<ArchiveSigner> {
  const name = path.basename(file, '.key');
  if (isKid(name) || (await hasRecord(file))) {
    const key = await (isKid(name)
      ? loadSigningKey(path.dirname(file), name, now, passphrase)
      : loadRecordedKey(file, now, passphrase));
    requireUsage(key.record, 'backup');
    return key;
  }
  const pem = await readKeyFile(file);
  await requirePrivateFile(file);
  const privateKey = openPrivateKey(pem, file, passphrase);
  const publicKey = createPublicKey(privateKey);
  return { kid: kidOf(publicKey), privateKey, publicKey };
}

/** Any error but "not found" counts as a record: an unreadable record must not lift its restrictions. */
async function hasRecord(file: string): Promise<boolean> {
  if (!file.endsWith('.key')) return false;
  return lstat(recordFileOf(file)).then(
    () => true,
    (error: unknown) => !isMissing(error),
  );
}

/** `--signer KID|FILE`: a key id as it is, or the public key of a SPKI PEM (or `0x…` text) file. */
export async function readExpectedSigner(kidOrFile: string): Promise<ExpectedSigner> {
  if (isKid(kidOrFile)) return kidOrFile;
  return publicKeyFromText((await readKeyFile(kidOrFile)).toString('utf8').trim());
}
