import { readFile } from 'node:fs/promises';
import { CapError } from '@cap/core';
import { systemWords } from '@cap/core/files';

/**
 * The passphrase of the signing key, as for `cap`: CAP_KEY_PASSPHRASE, or the file that CAP_KEY_PASSPHRASE_FILE names,
 * without its trailing line break. The file is read again each time. CapError `config.invalid` when it
 * can't be read.
 */
export async function keyPassphrase(environment: NodeJS.ProcessEnv = process.env): Promise<string | undefined> {
  const { CAP_KEY_PASSPHRASE: given, CAP_KEY_PASSPHRASE_FILE: file } = environment;
  if (given) return given;
  if (!file) return undefined;
  try {
    return (await readFile(file, 'utf8')).replace(/\r?\n$/, '') || undefined;
  } catch (cause) {
    throw new CapError('config.invalid', `CAP_KEY_PASSPHRASE_FILE: can't read ${file}: ${systemWords(cause)}`, {
      cause,
    });
  }
}
