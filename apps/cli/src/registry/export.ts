import { canonical } from '../audit/export-format.js';
import { printResult } from '../io.js';
import { streamOutput } from '../output.js';
import { verb } from '../verb.js';
import { registryOptions, withRegistry } from './open-registry.js';
import { allEvents, allItems, type Registry } from './registry.js';

/** Everything a registry knows except the BLOBs, one JSON object a line, for other programs. The audit export vouches for it. */
export default verb({
  examples: ['cap registry export --data-dir /var/lib/cap-verifier --out registry.jsonl'],
  syntax: (command) => registryOptions(command).option('--out <file>', 'where it is written', '-'),
  run: async (io, options) => {
    const counts = { policies: 0, lists: 0, entries: 0, events: 0 };
    await withRegistry(io, options, (registry) =>
      streamOutput(
        io,
        options.out,
        async (write) => {
          const line = (value: object) => write(`${canonical(value)}\n`);
          const { log_size, head_digest } = await registry.head();
          await line({ type: 'registry', schema: 'cap-registry-export.v1', log_size, head_digest });
          for await (const { type, record } of allRecords(registry, log_size)) {
            counts[PLURAL[type]]++;
            await line({ type, ...record });
          }
        },
        { mode: 0o600 },
      ),
    );
    const totals = Object.entries(counts)
      .map(([what, count]) => `${count} ${what}`)
      .join(', ');
    if (options.out === '-') return io.err(`${totals}\n`);
    printResult(io, options, { file: options.out, ...counts }, () => `${options.out}  ${totals}`);
  },
});

const PLURAL = { policy: 'policies', list: 'lists', entry: 'entries', event: 'events' } as const;

/** Policies, lists, entries and events; of the latter two only those of the first `logSize` events. */
async function* allRecords(
  registry: Registry,
  logSize: number,
): AsyncGenerator<{ type: keyof typeof PLURAL; record: object }> {
  for await (const { policy_id } of allItems((page) => registry.listPolicies(page))) {
    const record = await registry.findPolicy(policy_id);
    if (record) yield { type: 'policy', record };
  }
  for await (const record of allItems((page) => registry.listLists(page))) yield { type: 'list', record };
  for await (const record of allItems((page) => registry.listEntries(page)))
    if (record.log_index < logSize) yield { type: 'entry', record };
  for await (const record of allEvents(registry)) {
    if (record.seq >= logSize) return;
    yield { type: 'event', record };
  }
}
