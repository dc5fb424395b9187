import { z } from 'zod';
import { instant, digest } from '@cap/core';
import { count, type EntryStored, jsonValue, receipt, verdict } from '@cap/contracts';
import type { Digest } from '@cap/crypto';
import { backends, type BackendName } from '@cap/proof';
import { CHECK_IDS, type Report, type Verification } from '@cap/verify';

const check = z.object({
  id: z.enum(CHECK_IDS),
  status: z.enum(['ok', 'warn', 'fail', 'skipped']),
  expected: z.string().nullable(),
  actual: z.string().nullable(),
  message: z.object({ en: z.string(), de: z.string() }),
});
const rule = z.object({
  rule_id: z.string(),
  status: z.enum(['proven', 'disclosed', 'claimed', 'violated', 'unproven']),
  fact: jsonValue.meta({ description: 'The fact or claim that settles the rule; null if none does' }),
});

/** The report of a verification, in the order of its bytes. */
export const report = z
  .object({
    accepted: z.object({
      allow_mock: z.boolean(),
      backends: z.array(z.enum(backends.map(({ name }) => name) as [BackendName, ...BackendName[]])),
    }),
    at: instant.nullable(),
    bundle_id: digest.nullable(),
    checks: z.array(check).length(CHECK_IDS.length),
    /** Reserved, like `notes`. */
    cleared: z.array(z.never()).max(0),
    company: z.string().nullable(),
    lists: z.array(
      z.object({
        compared_by: z.string(),
        list: z.string(),
        reference: z.object({ as_of: z.string(), entries: count, hash: digest, id: z.string(), usable: count }),
        scheme: z.string(),
      }),
    ),
    manifest_hash: digest.nullable(),
    notes: z.array(z.never()).max(0),
    options: z.object({
      audience: z.string().optional(),
      check_registry: z.literal(true).optional(),
      nonce: z.string().optional(),
    }),
    policy_hash: digest.nullable(),
    proof_hash: digest.nullable(),
    result: verdict,
    rules: z.array(rule),
    sample: z.object({ places: z.array(z.string()), result: z.enum(['ok', 'fail']) }).nullable(),
    schema: z.literal('cap-report.v2'),
    signers: z.array(z.object({ kid: z.string(), owner: z.string().nullable() })),
    statement: z.object({ expires_at: instant.nullable(), issued_at: instant }).nullable(),
    trust_hash: digest.nullable(),
  })
  .meta({
    id: 'Report',
    description: 'cap-report.v2, in the answer as its canonical bytes (RFC 8785): report_hash covers them',
  }) satisfies z.ZodType<Report>;

/** Answer of POST /verify */
export const verdictAnswer = z
  .object({
    result: verdict,
    policy_hash: digest.nullable(),
    manifest_hash: digest.nullable(),
    proof_hash: digest.nullable(),
    bundle_id: digest.optional().meta({ description: 'Absent for a bundle in context form' }),
    report,
    entry_id: z.uuid().optional().meta({ description: 'With register: the entry in the registry' }),
    log_index: count.optional().meta({ description: 'With register: where the entry is in the log' }),
    receipt: receipt
      .optional()
      .meta({ description: 'With register: that the entry is in the log, for checking offline' }),
  })
  .meta({ id: 'Verdict' });

/** What an answer says of a verification. */
type VerdictSummary = Pick<Verification, 'result' | 'policyHash' | 'manifestHash' | 'proofHash' | 'reportBytes'> & {
  readonly bundleId: Digest | null;
};

/** The answer of POST /verify as JSON. The report in it is its canonical bytes as they are, which report_hash covers. */
export function answerBytes({
  result,
  policyHash,
  manifestHash,
  proofHash,
  bundleId,
  reportBytes,
}: VerdictSummary): Buffer {
  const head = JSON.stringify({
    result,
    policy_hash: policyHash,
    manifest_hash: manifestHash,
    proof_hash: proofHash,
    bundle_id: bundleId ?? undefined,
  });
  return Buffer.concat([Buffer.from(`${head.slice(0, -1)},"report":`), reportBytes, Buffer.from('}')]);
}

/** The same answer with the entry that was made of it, and its receipt. */
export function registeredAnswerBytes(answer: Buffer, { entry, receipt }: EntryStored): Buffer {
  const tail = JSON.stringify({ entry_id: entry.entry_id, log_index: entry.log_index, receipt });
  return Buffer.concat([answer.subarray(0, -1), Buffer.from(`,${tail.slice(1)}`)]);
}
