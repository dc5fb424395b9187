import { Decrypter, Encrypter } from 'age-encryption';
import { CapError } from '@cap/core';
import { inputName, readInput } from './input.js';
import { type CliIo } from './io.js';

/** Encrypts to age recipients (`age1…`). Throws CapError `option.recipient` for one that is none. */
export function encryptTo(recipients: readonly string[]): (bytes: Uint8Array) => Promise<Uint8Array> {
  const encrypter = new Encrypter();
  for (const recipient of recipients)
    try {
      encrypter.addRecipient(recipient);
    } catch (cause) {
      throw new CapError('option.recipient', `--recipient ${recipient}: expected an age recipient, age1…`, {
        cause,
      });
    }
  return (bytes) => encrypter.encrypt(bytes);
}

/**
 * Decrypts with the identities of an age identity file: one a line, `#` begins a comment. The file is read when it is
 * needed. Throws CapError `identity.malformed`, `identity.refused` when none of them fits.
 */
export const decryptWith =
  (io: CliIo, file: string) =>
  async (encrypted: Uint8Array): Promise<Uint8Array> => {
    const name = inputName(file);
    const decrypter = new Decrypter();
    const lines = (await readInput(io, file)).toString('utf8').split(/\r?\n/);
    const identities = lines.map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'));
    // Never the line itself in a message: it is a secret, or would have been one.
    const malformed = (cause?: unknown) =>
      new CapError('identity.malformed', `${name}: expected age identities, AGE-SECRET-KEY-1…`, { cause });
    if (identities.length === 0) throw malformed();
    for (const identity of identities)
      try {
        decrypter.addIdentity(identity);
      } catch {
        throw malformed();
      }
    try {
      return await decrypter.decrypt(encrypted);
    } catch (cause) {
      throw new CapError('identity.refused', `${name}: can't decrypt: ${(cause as Error).message}`, {
        cause,
      });
    }
  };
