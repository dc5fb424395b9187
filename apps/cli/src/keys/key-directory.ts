import path from 'node:path';
import { readSecret } from '../input.js';
import type { CliIo } from '../io.js';
import type { BareCommand } from '../verb.js';

export interface KeyLocation {
  keys?: string | undefined;
  project?: string | undefined;
}

/** `--keys`, else `keys/` of the project (default: of the current directory). */
export const keyDirectory = ({ keys, project }: KeyLocation): string => keys ?? path.join(project ?? '.', 'keys');

export const keyDirectoryOptions = (command: BareCommand) =>
  command
    .option('--keys <dir>', "directory of the keys (default: the project's keys/)")
    .option('--project <dir>', 'project directory (default: the current one)');

/** Passphrase of private keys; never a flag, which every process of the machine could read. */
export const keyPassphrase = (io: CliIo): Promise<string | undefined> => readSecret(io, 'CAP_KEY_PASSPHRASE');
