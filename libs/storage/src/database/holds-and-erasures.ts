import type { EntryRecord, ErasureReason, ErasureRecord } from '@cap/contracts';
import { CapError } from '@cap/core';
import { type Digest, isDigest } from '@cap/crypto';
import type { StoredBlob } from '../records.js';
import type { EntryRow } from './entities.js';
import { toEntry } from './rows.js';
import type { WriteTransaction } from './write-transaction.js';

export const bundleErased = (blobId: Digest, since: string) =>
  new CapError('bundle.erased', `BLOB ${blobId} was erased on ${since}, and can't be uploaded again`);

/** The entry with this id, or every entry of the bundle with this id. CapError entry.unknown. */
async function entriesOf(tx: WriteTransaction, entryOrBundle: string): Promise<EntryRow[]> {
  const column = isDigest(entryOrBundle) ? 'bundle_id' : 'entry_id';
  const rows = await tx.all<EntryRow>(`SELECT * FROM entries WHERE ${column} = ? ORDER BY log_index`, entryOrBundle);
  if (rows.length === 0)
    throw new CapError(
      'entry.unknown',
      `no entry ${column === 'bundle_id' ? 'of bundle ' : ''}${entryOrBundle.slice(0, 200)}`,
    );
  return rows;
}

export async function setLegalHold(
  tx: WriteTransaction,
  entryOrBundle: string,
  held: boolean,
  now: string,
): Promise<EntryRecord[]> {
  const rows = await entriesOf(tx, entryOrBundle);
  const legal_hold = held ? 1 : 0;
  for (const { entry_id } of rows.filter((row) => row.legal_hold !== legal_hold)) {
    tx.append(now, held ? 'entry.hold' : 'entry.released', { entry_id });
    await tx.run('UPDATE entries SET legal_hold = ? WHERE entry_id = ?', legal_hold, entry_id);
  }
  return rows.map((row) => toEntry({ ...row, legal_hold }));
}

export async function eraseBundle(
  tx: WriteTransaction,
  entryOrBundle: string,
  reason: ErasureReason,
  now: string,
): Promise<ErasureRecord> {
  const [{ bundle_id }] = (await entriesOf(tx, entryOrBundle)) as [EntryRow];
  const rows = await entriesOf(tx, bundle_id);
  const blob = (await tx.get<StoredBlob>('SELECT * FROM blobs WHERE blob_id = ?', bundle_id))!;
  if (blob.erased_at !== null) return { bundle_id, erased_at: blob.erased_at, entries: rows.length };
  const held = rows.find((row) => row.legal_hold !== 0);
  if (held) throw new CapError('bundle.held', `entry ${held.entry_id} of bundle ${bundle_id} is under legal hold`);
  const list = await tx.get<{ hash: string }>('SELECT hash FROM lists WHERE blob_id = ? LIMIT 1', bundle_id);
  if (list) throw new CapError('bundle.shared', `BLOB ${bundle_id} is the content of list ${list.hash} too`);
  tx.append(now, 'bundle.erased', { bundle_id, reason });
  await tx.run(
    'UPDATE entries SET company = NULL, company_salt = NULL, erased_at = ? WHERE bundle_id = ?',
    now,
    bundle_id,
  );
  await tx.run('UPDATE blobs SET erased_at = ? WHERE blob_id = ?', now, bundle_id);
  tx.count({ blob_bytes: -blob.size });
  return { bundle_id, erased_at: now, entries: rows.length };
}
