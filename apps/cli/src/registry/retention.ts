import { printResult, table } from '../io.js';
import { wholeNumber } from '../options.js';
import { verb } from '../verb.js';
import { registryOptions, withRegistry } from './open-registry.js';

export default verb({
  examples: [
    'cap registry retention --url http://127.0.0.1:8081 --dry-run',
    'cap registry retention --data-dir /var/lib/cap-verifier --years 10',
  ],
  syntax: (command) =>
    registryOptions(command)
      .option('--years <n>', 'age, 7 or more (default: registry.retention_years of the service)', wholeNumber(7, 1000))
      .option('--dry-run', 'list them, and erase nothing'),
  run: async (io, options) => {
    const request = { years: options.years, dry_run: options.dryRun === true };
    const erased = await withRegistry(io, options, (registry) => registry.applyRetention(request));
    printResult(io, options, erased, () =>
      erased.bundles.length === 0
        ? `nothing is older than ${erased.before} and not under legal hold`
        : table(
            ['registered at', options.dryRun ? 'would be erased' : 'erased'],
            erased.bundles.map(({ registered_at, bundle_id }) => [registered_at, bundle_id]),
          ),
    );
    if (erased.more) io.err('There are more: run it again.\n');
  },
});
