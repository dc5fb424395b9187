import { Option } from '@commander-js/extra-typings';
import { writeError } from '@cap/core/files';
import { publicKeyText } from '@cap/crypto';
import { generateKey, KEY_USAGES, type KeyUsage } from '@cap/crypto/key-files';
import { printResult } from '../io.js';
import { visibleText, wholeNumber } from '../options.js';
import { verb } from '../verb.js';
import { keyDirectory, keyDirectoryOptions, keyPassphrase } from './key-directory.js';

const DEFAULT_USAGE: KeyUsage[] = ['bundle', 'backup'];

export default verb({
  examples: [
    'cap keys generate --owner "ACME Compliance" --valid-days 365',
    'CAP_KEY_PASSPHRASE_FILE=passphrase cap keys generate --owner "ACME Compliance"',
    'cap keys generate --keys witness --owner "Audit GmbH" --usage witness',
  ],
  syntax: (command) =>
    keyDirectoryOptions(command)
      .requiredOption('--owner <text>', 'whose key it is', visibleText)
      .option('--valid-days <n>', 'for how long it may sign', wholeNumber(1, 36_500), 730)
      .addOption(new Option('--usage <what...>', 'what it may sign').choices(KEY_USAGES).default(DEFAULT_USAGE))
      .option('--out <dir>', 'the same as --keys')
      .addHelpText(
        'after',
        '\nA passphrase is read from CAP_KEY_PASSPHRASE or the file named by CAP_KEY_PASSPHRASE_FILE.',
      ),
  run: async (io, options) => {
    const directory = options.out ?? keyDirectory(options);
    const passphrase = await keyPassphrase(io);
    const { owner, validDays, usage } = options;
    const key = await generateKey(directory, {
      owner,
      validFrom: io.now(),
      validDays,
      usage,
      ...(passphrase === undefined ? {} : { passphrase }),
    }).catch((cause: unknown) => {
      throw writeError(directory, cause);
    });
    const result = { ...key.record, public_key: publicKeyText(key.publicKey), directory };
    printResult(io, options, result, () => key.kid);
    io.err(
      `Key ${key.kid} of ${key.record.owner}, valid until ${key.record.valid_to}, is in ${directory}.\n` +
        (passphrase === undefined ? 'Its private half is not encrypted: keep the file secret.\n' : ''),
    );
  },
});
