import { writeDurable, writeError } from '@cap/core';
import { type CliIo, printResult } from '../../frame/io.js';
import { type RegistryPlace } from '../../frame/place-options.js';
import { line } from '../../audit/registry/format.js';
import { openRecords } from './records.js';

/** Everything that a registry knows but for BLOBs, one JSON object a line: for other programs. What vouches for it is an audit export. */
export async function exportRecords(
  io: CliIo,
  options: RegistryPlace & { out: string; json?: boolean },
): Promise<void> {
  const records = await openRecords(io, options);
  const counts = { policies: 0, lists: 0, entries: 0, events: 0 };
  const write = async (take: (text: string) => Promise<unknown> | void) => {
    const { log_size, head_digest } = await records.head();
    await take(line({ type: 'registry', schema: 'cap-registry-export.v1', log_size, head_digest }));
    for await (const { type, record } of records.all(log_size)) {
      counts[PLURAL[type]]++;
      await take(line({ type, ...record }));
    }
  };
  try {
    if (options.out === '-') {
      await write((text) => io.out(text));
      return io.err(`${words(counts)}\n`);
    }
    await writeDurable(options.out, (handle) => write((text) => handle.write(text)), {
      mode: 0o600,
      special: 'write',
    }).catch((cause: unknown) => {
      throw cause instanceof Error && 'kind' in cause ? cause : writeError(options.out, cause);
    });
    printResult(io, options, { file: options.out, ...counts }, () => `${options.out}  ${words(counts)}`);
  } finally {
    await records.close();
  }
}

const PLURAL = { policy: 'policies', list: 'lists', entry: 'entries', event: 'events' } as const;
const words = (counts: Record<string, number>): string =>
  Object.entries(counts)
    .map(([what, count]) => `${count} ${what}`)
    .join(', ');
