import { CapError } from '@cap/core';
import { type EntryQuery, type EntryRecord } from '@cap/contracts';
import { printable } from '../frame/printable.js';
import { printResult, table, type CliIo } from '../frame/io.js';
import { type RegistryPlace } from '../frame/place-options.js';
import { openEntries } from './entry-source.js';

interface Options extends RegistryPlace {
  json?: boolean;
}

export async function list(
  io: CliIo,
  options: Options & {
    policy?: string;
    signer?: string;
    company?: string;
    result?: EntryRecord['result'];
    from?: string;
    to?: string;
    limit: number;
    cursor?: string;
  },
): Promise<void> {
  const query = {
    policy_hash: options.policy?.replace(/^sha3-256:/, '0x') as EntryQuery['policy_hash'],
    signer_kid: options.signer,
    company: options.company,
    result: options.result,
    from: options.from,
    to: options.to,
    limit: options.limit,
    cursor: options.cursor,
  };
  const given = Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined)) as EntryQuery;
  const entries = await openEntries(io, options);
  try {
    const page = await entries.list(given);
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
    if (page.next_cursor !== null) io.err(`There is more: --cursor ${page.next_cursor}\n`);
  } finally {
    await entries.close();
  }
}

export async function show(io: CliIo, options: Options, id: string): Promise<void> {
  const entries = await openEntries(io, options);
  try {
    const entry = await entries.find(id);
    if (entry === null) throw new CapError('entry.unknown', `no entry ${id}`);
    printResult(io, options, entry, () =>
      Object.entries(entry)
        .map(([name, value]) => `${name.padEnd(15)}${printable(String(value ?? '-'))}`)
        .join('\n'),
    );
  } finally {
    await entries.close();
  }
}
