import { CapError } from '@cap/core';
import { inputName, readInput } from './input.js';
import type { CliIo } from './io.js';

/** Encrypts to age recipients (`age1…`). Throws CapError `option.recipient` for an invalid one. */
export async function encryptTo(recipients: readonly string[]): Promise<(bytes: Uint8Array) => Promise<Uint8Array>> {
  const { Encrypter } = await import('age-encryption');
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

/** How to open a project's encrypted salts: with the identities of `--identity`, which is read only when needed. */
export const saltDecrypter = (io: CliIo, file: string | undefined) =>
  file === undefined ? {} : { reveal: decryptWith(io, file) };

/**
 * Decrypts with an age identity file: one identity a line, `#` begins a comment. Throws CapError
 * `identity.malformed`, or `identity.refused` if none of them fits.
 */
const decryptWith =
  (io: CliIo, file: string) =>
  async (encrypted: Uint8Array): Promise<Uint8Array> => {
    const { Decrypter } = await import('age-encryption');
    const name = inputName(file);
    const decrypter = new Decrypter();
    const lines = (await readInput(io, file)).toString('utf8').split(/\r?\n/);
    const identities = lines.map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'));
    // The message never quotes the line: it is a secret, or was meant to be one.
    const malformed = () => new CapError('identity.malformed', `${name}: expected age identities, AGE-SECRET-KEY-1…`);
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
