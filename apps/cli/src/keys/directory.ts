import path from 'node:path';
import { type CliIo } from '../frame/io.js';
import { readSecret } from '../frame/secret.js';

export interface KeyPlace {
  keys?: string;
  project?: string;
}

/** `--keys`, else `keys/` of the project (default: of the current directory). */
export const keyDirectory = ({ keys, project }: KeyPlace): string => keys ?? path.join(project ?? '.', 'keys');

/** Passphrase of private keys; never from a flag, which every process of the machine could read. */
export const keyPassphrase = (io: CliIo): Promise<string | undefined> => readSecret(io, 'CAP_KEY_PASSPHRASE');
