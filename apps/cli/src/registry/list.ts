import { printResult, table } from '../io.js';
import { wholeNumber } from '../options.js';
import { printable } from '../printable.js';
import { verb } from '../verb.js';
import { entryFilter, entryFilterOptions } from './entry-filter.js';
import { withRegistry } from './open-registry.js';

export default verb({
  examples: [
    'cap registry list --data-dir /var/lib/cap-verifier --result fail',
    'cap registry list --url http://127.0.0.1:8081 --limit 20 --json',
  ],
  syntax: (command) =>
    entryFilterOptions(command)
      .option('--limit <n>', 'how many', wholeNumber(1, 1000), 100)
      .option('--cursor <text>', 'continue where a page ended (next_cursor)'),
  run: async (io, options) => {
    const { limit, cursor } = options;
    const query = { ...entryFilter(options), limit, ...(cursor !== undefined && { cursor }) };
    const page = await withRegistry(io, options, (registry) => registry.listEntries(query));
    printResult(io, options, page, () =>
      table(
        ['registered at', 'result', 'entry', 'bundle', 'signer', 'company'],
        page.items.map((entry) => [
          entry.registered_at,
          entry.result,
          entry.entry_id,
          entry.bundle_id,
          entry.signer_kid ?? '-',
          printable(entry.company ?? '-'),
        ]),
      ),
    );
    if (page.next_cursor !== null) io.err(`There are more: --cursor ${page.next_cursor}\n`);
  },
});
