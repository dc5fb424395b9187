import { CapError, type JsonObject } from '@cap/core';
import { type Digest, sha3Text } from '@cap/crypto';
import { readTable } from '@cap/storage';
import { inputName, readInput } from '../../frame/input.js';
import { type CliIo, printResult, progress, progressDone } from '../../frame/io.js';
import { type RegistryPlace } from '../../frame/place-options.js';
import { isSqlite, jsonRows, type LegacyEntry, mapLegacyRow } from './legacy.js';
import { openEventLog } from './event-log.js';

/** The name of the event that an entry of the older program's registry becomes. */
export const LEGACY_EVENT = 'legacy.entry';
const TABLE = 'registry_entries';
const AT_ONCE = 64;

/**
 * Notes in the log what an older registry held: one event for each entry, with its ids and hashes and the digest of the file.
 * They are never entries: nothing of them was verified here. The same file again adds only what is not there yet.
 */
export async function importLegacy(
  io: CliIo,
  options: RegistryPlace & { leaveOut?: string[]; dryRun?: boolean; json?: boolean },
  file: string,
): Promise<void> {
  const bytes = await readInput(io, file);
  const imported_from = sha3Text(bytes);
  const entries = await legacyEntries(file, bytes, new Set(options.leaveOut ?? []));
  const log = await openEventLog(io, options);
  try {
    const there = new Set<string>();
    for await (const { event, details } of log.events())
      if (event === LEGACY_EVENT && details.imported_from === imported_from) there.add(String(details.legacy_id));
    const missing = entries.filter(({ legacy_id }) => !there.has(legacy_id));
    if (!options.dryRun)
      for (let from = 0; from < missing.length; from += AT_ONCE) {
        const group = missing.slice(from, from + AT_ONCE);
        await Promise.all(group.map((entry) => log.append(LEGACY_EVENT, detailsOf(entry, imported_from))));
        progress(io, `${from + group.length} of ${missing.length} entries`);
      }
    progressDone(io);
    const result = {
      file,
      imported_from,
      entries: entries.length,
      imported: missing.length,
      dry_run: options.dryRun === true,
    };
    printResult(
      io,
      options,
      result,
      () =>
        `${missing.length} of ${entries.length} entries ${options.dryRun ? 'would be noted' : 'noted'} as ${LEGACY_EVENT}; none of them counts as verified`,
    );
  } finally {
    await log.close();
  }
}

async function legacyEntries(file: string, bytes: Buffer, left: ReadonlySet<string>): Promise<LegacyEntry[]> {
  const name = inputName(file);
  const inFile = isSqlite(bytes);
  if (inFile && file === '-')
    throw new CapError('option.invalid', 'an SQLite file is read from its place, not from stdin');
  const rows = inFile ? readTable(file, TABLE) : jsonRows(bytes, name);
  const entries = rows.map((row, i) =>
    mapLegacyRow(row as JsonObject, inFile ? `${name}: ${TABLE} row ${i + 1}` : `${name}: entries[${i}]`, left),
  );
  const seen = new Set<string>();
  for (const { legacy_id } of entries) {
    if (seen.has(legacy_id)) throw new CapError('registry.legacy', `${name}: id ${legacy_id} stands there twice`);
    seen.add(legacy_id);
  }
  return entries;
}

const detailsOf = (entry: LegacyEntry, imported_from: Digest): JsonObject => ({ ...entry, imported_from });
