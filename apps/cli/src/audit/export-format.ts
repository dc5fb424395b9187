import { z } from 'zod';
import { type EntryRecord, entryRecord } from '@cap/contracts';
import { jcs, type JsonValue, jcsText } from '@cap/core';
import { type Digest, isDigest, sha3Text } from '@cap/crypto';
import type { ChainEvent } from '@cap/tlog';

export const SCHEMA = 'cap-audit-export.v1';
export const PAYLOAD_TYPE = 'application/vnd.cap.audit-export.v1+json';
export const HEAD = 'export.json';
export const SIGNATURE = 'export.json.sig';

const count = z.int().min(0);

/** export.json: what is in the export, signed. */
export const exportHead = z.object({
  schema: z.literal(SCHEMA),
  created_at: z.string(),
  /** Signed note of the tree that the events are proven in. */
  checkpoint: z.string(),
  /** The events of the log that are here, both included; null if there are none. */
  range: z.object({ first: count, last: count }).nullable(),
  filter: z.object({
    policy_hash: z.string().optional(),
    signer_kid: z.string().optional(),
    company: z.string().optional(),
    result: entryRecord.shape.result.optional(),
    /** Registered at or after. */
    from: z.string().optional(),
    /** Registered before. */
    to: z.string().optional(),
  }),
  /** Whether every event of the checkpoint's tree and every entry of them is here. */
  complete: z.boolean(),
  /** Whether companies and signers are digests. */
  masked: z.boolean(),
  events: count,
  entries: count,
  files: z.array(z.object({ path: z.string(), size: count, sha3_256: z.custom<Digest>(isDigest) })),
});
export type ExportHead = z.infer<typeof exportHead>;

/** An event as it is in events.jsonl. A masked one is not what the log hashed, and carries its leaf hash. */
export type ExportedEvent = ChainEvent & { leaf_hash?: string };

export type ExportedEntry = EntryRecord & { company_digest: string | null };

/** Proof that an event is in the checkpoint's tree; only where not all events are here. */
export interface Inclusion {
  log_index: number;
  /** base64, from the leaf's sibling up. */
  proof: string[];
}

/** Salted, so that it can't be guessed; one salt for an export, so that the same signer has the same mask throughout. */
export const mask = (salt: string, text: string): Digest => sha3Text(jcs([salt, text]));

export const maskEvent = (event: ChainEvent, salt: string, leafHash: Buffer): ExportedEvent => {
  const { signer_kid } = event.details;
  if (typeof signer_kid !== 'string') return event;
  const details = { ...event.details, signer_kid: mask(salt, signer_kid) };
  return { ...event, details, leaf_hash: leafHash.toString('base64') };
};

/** Canonical JSON of a value of these types. */
export const canonical = (value: object): string => jcsText(value as JsonValue);

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
