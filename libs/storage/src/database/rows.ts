/** Rows of the database as the records that the rest of the program knows. */
import type { EntryRecord } from '@cap/contracts';
import type { ChainEvent } from '@cap/tlog';
import type { JsonObject } from '@cap/core';
import type { StoredList, StoredPolicy } from '../records.js';
import type { EntryRow, EventRow, ListRow, ListWithdrawalRow, PolicyRow } from './entities.js';

export const toPolicy = ({ log_index: _index, ...policy }: PolicyRow): StoredPolicy => policy;

/** `newestAsOf`: of all lists with the same id. */
export const toList = (
  { log_index: _index, ...list }: ListRow,
  newestAsOf: string | null | undefined,
  withdrawal: ListWithdrawalRow | undefined,
): StoredList => ({
  ...list,
  newest_as_of: newestAsOf ?? null,
  withdrawn_at: withdrawal?.withdrawn_at ?? null,
  withdrawal_reason: withdrawal?.reason ?? null,
});

export const toEntry = (row: EntryRow): EntryRecord => ({
  entry_id: row.entry_id,
  registered_at: row.registered_at,
  bundle_id: row.bundle_id,
  manifest_hash: row.manifest_hash,
  proof_hash: row.proof_hash,
  policy_hash: row.policy_hash,
  result: row.result,
  report_hash: row.report_hash,
  signer_kid: row.signer_kid,
  company: row.company,
  log_index: row.log_index,
  erased_at: row.erased_at,
  legal_hold: row.legal_hold === 1,
});

export const toEvent = (row: EventRow): ChainEvent => ({
  seq: row.seq,
  ts: row.ts,
  event: row.event,
  details: JSON.parse(row.details) as JsonObject,
  prev_digest: row.prev_digest,
  digest: row.digest,
});
