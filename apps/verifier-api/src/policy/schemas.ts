import { jsonObject, pathPart, policyStatus } from '@cap/contracts';
import { instant, digest } from '@cap/core';
import type { Lint } from '@cap/policy';
import { z } from 'zod';

/** An id, uuid, hash or id@version in a path. */
export const policyRef = pathPart.meta({
  description: 'policy_id, hash (0x… or sha3-256:…), or an id: its newest active version',
});

/** Body of POST /policy/compile; what is wrong with it is said by the compiler. */
export const policyV1 = jsonObject.meta({ id: 'PolicyV1', description: 'A policy v1, as JSON or YAML' });

/** POST /policy/v2/compile */
export const compileV2Request = z
  .strictObject({
    policy: jsonObject.optional(),
    policy_yaml: z.base64({ error: 'expected base64' }).optional(),
    lint_mode: z.enum(['strict', 'relaxed']).default('strict'),
    persist: z.boolean().default(false),
  })
  .refine(({ policy, policy_yaml }) => (policy === undefined) !== (policy_yaml === undefined), {
    error: 'expected either policy or policy_yaml',
  })
  .meta({ id: 'PolicyV2CompileRequest', oneOf: [{ required: ['policy'] }, { required: ['policy_yaml'] }] });
export type CompileV2Request = z.output<typeof compileV2Request>;

/** Answer of POST /policy/compile */
export const compiledV1 = z
  .object({
    policy_id: z.uuid(),
    policy_hash: digest,
    metadata: jsonObject,
    status: z.literal('compiled'),
  })
  .meta({ id: 'PolicyV1Compiled' });
export type CompiledV1 = z.infer<typeof compiledV1>;

const hashV2 = z.string().regex(/^sha3-256:[0-9a-f]{64}$/);
const lint = z.object({
  code: z.string(),
  severity: z.enum(['error', 'warning']),
  message: z.string(),
}) satisfies z.ZodType<Lint>;

/** Answer of POST /policy/v2/compile; 422 if a lint is an error. */
export const compiledV2 = z
  .object({
    policy_id: z.string(),
    policy_hash: hashV2,
    ir: jsonObject,
    ir_hash: z.string(),
    lints: z.array(lint),
    stored: z.boolean(),
    etag: z.string().meta({ description: 'The ETag of GET /policy/v2/:id' }),
  })
  .meta({ id: 'PolicyV2Compiled' });
export type CompiledV2 = z.infer<typeof compiledV2>;

/** Answer of GET /policy/v2/:id */
export const policyV2 = z
  .object({
    policy_id: z.string(),
    policy_hash: hashV2,
    status: policyStatus,
    created_at: instant,
    policy: jsonObject,
    ir: jsonObject,
    ir_hash: z.string(),
  })
  .meta({ id: 'PolicyV2' });
export type PolicyV2 = z.infer<typeof policyV2>;
