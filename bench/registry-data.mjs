/** Large registries, made for the bench. */
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { jcsText } from '../libs/core/dist/index.js';
// No package imports these two, so the index does not export them.
import { entryId, saltedDigest } from '../libs/storage/dist/entry-id.js';
import { RegistryReader, SqliteDatabase } from '../libs/storage/dist/index.js';
import { eventLeaf, nextEvent } from '../libs/tlog/dist/index.js';
import { leafHash, storedHashesForAppend } from '../libs/tlog/dist/merkle.js';
import { digest, entryOf } from './registry-entry.mjs';

const GROUP = 5_000;
const SALT = '0'.repeat(32);
const FILTERS = 20;

/**
 * A registry database of so many entries with all hashes as the registry would have written them, made through the storage
 * library's own transaction. The BLOBs are rows without files: pages and proofs don't read them.
 */
export async function makeRegistry(directory, size) {
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  const database = await SqliteDatabase.open(path.join(directory, 'registry.db'), 'write');
  const kept = new Map();
  const reader = { readHashes: (positions) => positions.map((position) => kept.get(position)) };
  const started = Date.UTC(2020, 0, 1);
  let head = null;
  for (let from = 0; from < size; from += GROUP) {
    const events = [];
    const entries = [];
    const blobs = [];
    for (let i = from; i < Math.min(size, from + GROUP); i++) {
      const entry = {
        ...entryOf(digest()),
        policy_hash: `0x${String(i % 7).repeat(64)}`,
        result: ['ok', 'warn', 'fail'][i % 3],
        signer_kid: String(i % 50).padStart(32, '0'),
        company: `Company ${i % 1_000}`,
      };
      const entry_id = entryId(entry);
      const registered_at = new Date(started + i * 100_000).toISOString();
      const { company, ...hashes } = entry;
      const company_salt = SALT;
      const company_digest = saltedDigest(company, company_salt);
      head = nextEvent(head, registered_at, 'entry.registered', { entry_id, ...hashes, company_digest });
      events.push(head);
      blobs.push({ blob_id: entry.bundle_id, size: 2_000, retain_until: null, erased_at: null });
      const row = { log_index: i, entry_id, registered_at, ...entry, company_salt, erased_at: null, legal_hold: 0 };
      entries.push(row);
    }
    const leaves = events.map((event) => leafHash(eventLeaf(event)));
    const { firstIndex, hashes } = storedHashesForAppend(leaves, from, reader);
    hashes.forEach((hash, i) => kept.set(firstIndex + i, hash));
    await database.write(async (session) => {
      await session.insert(
        'events',
        events.map((event) => ({ ...event, details: jcsText(event.details) })),
      );
      await session.insert(
        'log_hashes',
        hashes.map((hash, i) => ({ position: firstIndex + i, hash })),
      );
      await session.insert('blobs', blobs);
      await session.insert('entries', entries);
      await session.run('UPDATE totals SET entries = entries + ?, blob_bytes = blob_bytes + ?', [
        entries.length,
        2_000 * entries.length,
      ]);
    });
  }
  await database.close();
}
/** Milliseconds of a page of 100 for each filter, the median of several places in the log: through the library, without HTTP. */
export async function filterTimes(directory, size) {
  const reader = await RegistryReader.open(path.join(directory, 'registry.db'));
  const at = (share) => new Date(Date.UTC(2020, 0, 1) + share * size * 100_000).toISOString();
  const some = (await reader.listEntries({ limit: 1 })).items[0];
  const filters = {
    none: () => ({}),
    bundle_id: () => ({ bundle_id: some.bundle_id }),
    'bundle_prefix, 1 digit': (i) => ({ bundle_prefix: `0x${(i % 16).toString(16)}` }),
    'bundle_prefix, 2 digits': (i) => ({ bundle_prefix: `0x${(i + 16).toString(16)}` }),
    'bundle_prefix, 8 digits': () => ({ bundle_prefix: some.bundle_id.slice(0, 10) }),
    policy_hash: (i) => ({ policy_hash: `0x${String(i % 7).repeat(64)}` }),
    signer_kid: (i) => ({ signer_kid: String(i % 50).padStart(32, '0') }),
    company: (i) => ({ company: `Company ${i}` }),
    'company, unknown': () => ({ company: 'nobody' }),
    result: (i) => ({ result: ['ok', 'warn', 'fail'][i % 3] }),
    from: (i) => ({ from: at(i / FILTERS) }),
    to: (i) => ({ to: at((i + 1) / FILTERS) }),
    'from and to': (i) => ({ from: at(i / FILTERS), to: at((i + 1) / FILTERS) }),
    'from and result': (i) => ({ from: at(i / FILTERS), result: 'fail' }),
    'from and company': (i) => ({ from: at(i / FILTERS), company: `Company ${i}` }),
  };
  const times = {};
  for (const [name, filter] of Object.entries(filters)) {
    const taken = [];
    for (let i = 0; i < FILTERS; i++) {
      const started = performance.now();
      await reader.listEntries({ limit: 100 }, filter(i));
      taken.push(performance.now() - started);
    }
    times[name] = taken.sort((a, b) => a - b)[FILTERS / 2];
  }
  await reader.close();
  return times;
}
