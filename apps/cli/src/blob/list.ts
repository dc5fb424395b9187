import { printResult } from '../io.js';
import { registryOptions, withRegistry } from '../registry/open-registry.js';
import { allItems } from '../registry/registry.js';
import { verb } from '../verb.js';

export default verb({
  examples: ['cap blob list --data-dir /var/lib/cap-verifier'],
  syntax: registryOptions,
  run: (io, options) =>
    withRegistry(io, options, async (registry) => {
      const items = [];
      for await (const record of allItems((page) => registry.listBlobs(page))) {
        // A registry has many: each line is printed as it comes.
        if (options.json) items.push(record);
        else await io.out(`${record.blob_id}  ${record.size}\n`);
      }
      if (options.json) printResult(io, options, { items }, () => '');
    }),
});
