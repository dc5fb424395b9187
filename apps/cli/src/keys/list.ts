import { listKeys } from '@cap/crypto/key-files';
import { printResult, table } from '../io.js';
import { verb } from '../verb.js';
import { keyDirectory, keyDirectoryOptions } from './key-directory.js';

export default verb({
  examples: ['cap keys list --project project --json'],
  syntax: keyDirectoryOptions,
  run: async (io, options) => {
    const keys = await listKeys(keyDirectory(options));
    printResult(io, options, { keys }, () =>
      table(
        ['kid', 'status', 'valid until', 'usage', 'owner'],
        keys.map(({ kid, status, valid_to, usage, owner }) => [kid, status, valid_to, usage.join(','), owner]),
      ),
    );
  },
});
