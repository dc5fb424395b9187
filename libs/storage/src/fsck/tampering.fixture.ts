import { generateKeyPairSync, createPublicKey } from 'node:crypto';
import { rm } from 'node:fs/promises';
import Database from 'better-sqlite3';
import { type Digest, sha3Text } from '@cap/crypto';
import { verifierKey } from '@cap/tlog/notes';
import { DataDirectory, digestOf, entryOf, policyOf, put } from '../data.fixture.js';
import type { RegistryData } from '../registry-data.js';

const { privateKey } = generateKeyPairSync('ed25519');
export const LOG = { origin: 'log.example/cap', keys: [privateKey] };
export const LOG_KEYS = [verifierKey('ed25519', LOG.origin, createPublicKey(privateKey))];

/** A registry with something of everything, closed; its log has a checkpoint beside it. */
export async function fullRegistry(entries = 12): Promise<{ place: DataDirectory; bundles: Digest[] }> {
  const place = await DataDirectory.make();
  const data = await place.open({ log: LOG });
  const bundles: Digest[] = [];
  for (let i = 0; i < entries; i++) {
    const { blob_id } = await put(data, `bundle ${i} ${'x'.repeat(i * 40)}`);
    bundles.push(blob_id);
    await data.store.registerEntry(entryOf(blob_id, i % 3 === 0 ? { company: null } : {}));
  }
  await storeOthers(data);
  await put(data, 'only uploaded');
  await data.log.checkpoint();
  await place.close(data);
  return { place, bundles };
}

async function storeOthers(data: RegistryData): Promise<void> {
  const { record } = await data.store.storePolicy(policyOf('lksg', '1.0.0'));
  await data.store.setPolicyStatus(record.policy_hash, 'deprecated');
  const csv = 'name\nX\n';
  const { blob_id } = await put(data, csv);
  await data.store.storeList({
    hash: sha3Text(csv),
    id: 'sanctions',
    kind: 'sanctions',
    as_of: '2026-01-01',
    blob_id,
    size: csv.length,
    entries: 1,
    unmatchable: { id: 1, name: 0, person: 0 },
  });
  await data.store.withdrawList(sha3Text(csv), 'one name was wrong');
  await put(data, 'kept', 'keep');
  await data.store.appendEvent('backup.verified', { archive: digestOf('archive') });
}

/** Changes the database behind the program's back, and leaves its triggers as they were. */
export function tamper(file: string, change: (db: Database.Database) => unknown): void {
  const db = new Database(file);
  db.pragma('foreign_keys = OFF');
  const triggers = db.prepare(`SELECT name, sql FROM sqlite_master WHERE type = 'trigger'`).all() as {
    name: string;
    sql: string;
  }[];
  for (const { name } of triggers) db.exec(`DROP TRIGGER ${name}`);
  change(db);
  for (const { sql } of triggers) db.exec(sql);
  db.close();
}

/** All that the database says, as text. Throws if SQLite can't read it. */
export function dump(file: string): string {
  const db = new Database(file, { readonly: true });
  try {
    const tables = db.prepare(`SELECT name, sql FROM sqlite_master ORDER BY name`).all() as { name: string }[];
    const rows = tables
      .filter(({ name }) => !/^(sqlite_|.*_by_|.*_never_|.*_expiry|.*_once)/.test(name))
      .map(({ name }) => db.prepare(`SELECT * FROM ${name}`).raw().all());
    return JSON.stringify([tables, rows], (_key, value: unknown) =>
      typeof value === 'bigint' || Number.isNaN(value) ? String(value) : value,
    );
  } finally {
    db.close();
  }
}

/** A changed file must not be read through the log of the one before. */
export async function forgetWal(place: DataDirectory): Promise<void> {
  for (const end of ['-wal', '-shm']) await rm(place.at(`registry.db${end}`), { force: true });
}
