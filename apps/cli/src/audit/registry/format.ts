import { type ChainEvent } from '@cap/tlog';
import { type Digest, sha3Text } from '@cap/crypto';
import { type JsonValue, jcs, jcsText } from '@cap/core';
import { type EntryRecord } from '@cap/contracts';

export const SCHEMA = 'cap-audit-export.v1';
export const PAYLOAD_TYPE = 'application/vnd.cap.audit-export.v1+json';
export const HEAD = 'export.json';
export const SIGNATURE = 'export.json.sig';

export interface Filter {
  policy_hash?: string | undefined;
  signer_kid?: string | undefined;
  company?: string | undefined;
  result?: EntryRecord['result'] | undefined;
  /** Registered at or after; before. */
  from?: string | undefined;
  to?: string | undefined;
}

/** export.json: what is in the export, signed. */
export interface ExportHead {
  schema: typeof SCHEMA;
  created_at: string;
  /** Signed note of the tree that the events are proven in. */
  checkpoint: string;
  /** Events first … last of the log, both included; null if there are none. */
  range: { first: number; last: number } | null;
  filter: Filter;
  /** Whether every event of the checkpoint's tree and every entry of them is here. */
  complete: boolean;
  /** Whether companies and signers are digests. */
  masked: boolean;
  events: number;
  entries: number;
  files: { path: string; size: number; sha3_256: Digest }[];
}

/** An event as it stands in events.jsonl. A masked one is not what the log hashed: its leaf hash stands beside it. */
export type ExportedEvent = ChainEvent & { leaf_hash?: string };

export type ExportedEntry = EntryRecord & { company_digest: string | null };

/** That an event is in the checkpoint's tree; only where not all events are here. */
export interface Inclusion {
  log_index: number;
  /** base64, from the leaf's sibling up. */
  proof: string[];
}

/** Salted, so that nobody can find out by trying; one salt for an export, so that the same signer stays the same. */
export const maskOf = (salt: string, text: string): Digest => sha3Text(jcs([salt, text]));

export const maskEvent = (event: ChainEvent, salt: string, leafHash: Buffer): ExportedEvent => {
  const { signer_kid } = event.details;
  if (typeof signer_kid !== 'string') return event;
  const details = { ...event.details, signer_kid: maskOf(salt, signer_kid) };
  return { ...event, details, leaf_hash: leafHash.toString('base64') };
};

export const line = (value: object): string => `${jcsText(value as JsonValue)}\n`;

export const COLUMNS = [
  'log_index',
  'entry_id',
  'registered_at',
  'result',
  'bundle_id',
  'manifest_hash',
  'proof_hash',
  'policy_hash',
  'report_hash',
  'signer_kid',
  'company',
  'company_digest',
  'legal_hold',
  'erased_at',
] as const satisfies readonly (keyof ExportedEntry)[];
