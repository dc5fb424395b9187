import { z } from 'zod';
import { digest } from '@cap/core';
import { type BackendName, backendByName } from '@cap/proof';
import { publicKeyMember, isSalt, type MerkleSecrets, commitmentSchema } from '@cap/proof/prove';
import { LIST_FIELDS, valueFault, type ListName, type ListRow } from '@cap/lists';

/** The JSON files of a project directory that no other page of the formats describes. */

export const commitmentsSchema = z.strictObject({
  schema: z.literal('cap-commitments.v1'),
  commitments: z.array(commitmentSchema),
});

const salt = z.string().refine(isSalt, 'expected 0x + 32 hex digits');
const merkleSecrets: z.ZodType<MerkleSecrets> = z.strictObject({
  leaves: z.array(z.strictObject({ leaf_salt: salt, field_salts: z.record(z.string(), salt) })),
});
export const secretsSchema = z.strictObject({
  schema: z.literal('cap-secrets.v1'),
  lists: z.strictObject({ suppliers: merkleSecrets, ubos: merkleSecrets }),
  /** Seed of the kzg-columns.v1 commitments. */
  columns_seed: z.string().regex(/^0x[0-9a-f]{64}$/, 'expected 0x + 64 hex digits'),
});

const cell = z.union([z.string(), z.number(), z.boolean()]);

/** Rows in leaf order, with the line of each in the file it came from. */
export const committedListSchema = (list: ListName) =>
  z
    .strictObject({
      schema: z.literal('cap-list.v1'),
      list: z.literal(list),
      rows: z.array(
        z.record(z.string(), cell).transform((row, context): ListRow => {
          for (const [name, { kind, required }] of Object.entries(LIST_FIELDS[list])) {
            const value = row[name];
            const fault = value === undefined ? (required ? 'missing' : null) : valueFault(kind, value);
            if (fault !== null) context.addIssue({ code: 'custom', path: [name], message: fault });
          }
          const unknown = Object.keys(row).find((name) => !Object.hasOwn(LIST_FIELDS[list], name));
          if (unknown !== undefined) context.addIssue({ code: 'custom', path: [unknown], message: 'unknown field' });
          return row as Partial<ListRow> as ListRow; // every field was just found to be right
        }),
      ),
      lines: z.array(z.int().min(1)),
    })
    .refine(({ rows, lines }) => rows.length === lines.length, 'as many lines as rows');

const statementSchema = z.strictObject({
  signer: publicKeyMember,
  audience: z.string().optional(),
  nonce: z.string().optional(),
  issued_at: z.string(),
  expires_at: z.string().optional(),
});

export const proofRecordSchema = z.strictObject({
  schema: z.literal('cap-proof-record.v2'),
  backend: z.custom<BackendName>(
    (name) => typeof name === 'string' && backendByName(name) !== undefined,
    'unknown backend',
  ),
  proof_hash: digest,
  manifest_hash: digest,
  policy_hash: digest,
  vk_hash: digest,
  statement: statementSchema,
});
/** proof.json: what proof.capz states, for the bundle's _meta.json. */
export type ProofRecord = z.infer<typeof proofRecordSchema>;
