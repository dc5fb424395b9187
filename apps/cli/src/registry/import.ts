import { CapError, type JsonObject } from '@cap/core';
import { sha3Text } from '@cap/crypto';
import { readTable } from '@cap/storage';
import { inputName, readInput } from '../input.js';
import { printResult, progress, progressDone } from '../io.js';
import { anyText } from '../options.js';
import { repeated } from '../repeated-options.js';
import { verb } from '../verb.js';
import { isSqlite, jsonRows, type LegacyEntry, parseLegacyRow } from './legacy.js';
import { registryOptions, withRegistry } from './open-registry.js';
import { allEvents } from './registry.js';

/** The event that an entry of the older program's registry becomes. */
const LEGACY_EVENT = 'legacy.entry';
const TABLE = 'registry_entries';
const CONCURRENT = 64;

/**
 * Records in the log what an older registry held: one event for each entry, with its ids and hashes and the digest of the file.
 * These are not entries, because nothing in them was verified here. Importing the same file again adds only what is missing.
 */
export default verb({
  examples: [
    'cap registry import registry.json --url http://127.0.0.1:8081 --dry-run',
    'cap registry import registry.sqlite --data-dir /var/lib/cap-verifier --leave-out remarks',
  ],
  syntax: (command) =>
    registryOptions(command)
      .argument('<file>')
      .option(
        '--leave-out <member>',
        'a member to drop, because it has no counterpart here; repeatable',
        repeated(anyText),
      )
      .option('--dry-run', 'read and convert everything, and record nothing'),
  run: async (io, options, file) => {
    const bytes = await readInput(io, file);
    const imported_from = sha3Text(bytes);
    const entries = legacyEntries(file, bytes, new Set(options.leaveOut ?? []));
    const imported = await withRegistry(io, options, async (registry) => {
      const present = new Set<string>();
      for await (const { event, details } of allEvents(registry))
        if (event === LEGACY_EVENT && details.imported_from === imported_from) present.add(String(details.legacy_id));
      const missing = entries.filter(({ legacy_id }) => !present.has(legacy_id));
      if (!options.dryRun)
        for (let from = 0; from < missing.length; from += CONCURRENT) {
          const batch = missing.slice(from, from + CONCURRENT);
          await Promise.all(
            batch.map((entry) => registry.appendEvent({ event: LEGACY_EVENT, details: { ...entry, imported_from } })),
          );
          progress(io, `${from + batch.length} of ${missing.length} entries`);
        }
      return missing.length;
    });
    progressDone(io);
    const result = { file, imported_from, entries: entries.length, imported, dry_run: options.dryRun === true };
    printResult(
      io,
      options,
      result,
      () =>
        `${imported} of ${entries.length} entries ${options.dryRun ? 'would be recorded' : 'recorded'} as ${LEGACY_EVENT}; none of them counts as verified`,
    );
  },
});

function legacyEntries(file: string, bytes: Buffer, leftOut: ReadonlySet<string>): LegacyEntry[] {
  const name = inputName(file);
  const sqlite = isSqlite(bytes);
  if (sqlite && file === '-') throw new CapError('option.invalid', "an SQLite file can't be read from stdin");
  const rows = sqlite ? readTable(file, TABLE) : jsonRows(bytes, name);
  const entries = rows.map((row, i) =>
    parseLegacyRow(row as JsonObject, sqlite ? `${name}: ${TABLE} row ${i + 1}` : `${name}: entries[${i}]`, leftOut),
  );
  const seen = new Set<string>();
  for (const { legacy_id } of entries) {
    if (seen.has(legacy_id)) throw new CapError('registry.legacy', `${name}: duplicate id ${legacy_id}`);
    seen.add(legacy_id);
  }
  return entries;
}
