import { z } from 'zod';
import { digest } from '@cap/core';
import type { Digest } from '@cap/crypto';
import type { ListName } from '@cap/lists';
import { readPayload } from '../payload.js';
import { isSalt, type RowOpening } from '../../commitment/merkle-blake3.js';

/** What a disclosure shows of one list: all leaf hashes, and some rows with some of their fields. */
export interface ListDisclosure {
  list: ListName;
  leaf_hashes: Digest[];
  rows: RowOpening[];
}
/** The payload of a disclosure proof, JCS. */
export interface DisclosurePayload {
  schema: 'cap-disclosure.v1';
  statement_digest: Digest;
  lists: ListDisclosure[];
}

/** Rows of a list at most; more than the columns of kzg-columns.v1 take too. */
export const MAX_LEAVES = 100_000;

const salt = z.string().refine(isSalt, 'expected 0x + 32 lowercase hex digits');
const value = z.union([z.string(), z.number(), z.boolean()]);

const disclosurePayloadSchema: z.ZodType<DisclosurePayload> = z.strictObject({
  schema: z.literal('cap-disclosure.v1'),
  statement_digest: digest,
  lists: z.array(
    z.strictObject({
      list: z.enum(['suppliers', 'ubos']),
      leaf_hashes: z.array(digest).max(MAX_LEAVES),
      rows: z
        .array(
          z.strictObject({
            index: z.int().min(0),
            leaf_salt: salt,
            fields: z.record(z.string(), z.strictObject({ value, salt })),
            hidden: z.record(z.string(), digest),
          }),
        )
        .max(MAX_LEAVES),
    }),
  ),
});

/** Reads a disclosure payload, of which nothing is checked but its form. Throws CapError `proof.payload` or `json.malformed`. */
export const readDisclosure = (payload: Uint8Array): DisclosurePayload => readPayload(payload, disclosurePayloadSchema);
