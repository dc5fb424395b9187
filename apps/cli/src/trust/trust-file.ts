import { publicKeyFromText } from '@cap/crypto';
import { assertTrustSigned, parseTrustStore, trustSignatureFile, type TrustStore } from '@cap/verify/trust';
import { inputName, readInput } from '../input.js';
import type { CliIo } from '../io.js';

/** The trust store of verbs that take it as an argument. */
export const DEFAULT_TRUST = 'trust.json';

export const DEFAULT_TRUST_HELP = '\nDefault: trust.json in the current directory.';

/**
 * Reads trust.json (`-` for stdin). Exit 65 if it is malformed or holds a policy with lint errors. With `signer`, a public key
 * file, TRUST.sig next to it must be that key's signature.
 */
export async function readTrust(io: CliIo, file: string, signer?: string): Promise<TrustStore> {
  const bytes = await readInput(io, file);
  if (signer !== undefined) {
    const key = publicKeyFromText((await readInput(io, signer)).toString('utf8'));
    assertTrustSigned(bytes, await readInput(io, trustSignatureFile(file)), key, inputName(file));
  }
  return parseTrustStore(bytes, inputName(file));
}
