import { jsonObject, policyStatus } from '@cap/contracts';
import { z } from 'zod';

/** An id, uuid, hash or id@version in a path. */
export const policyRef = z.string().min(1).max(300);

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
  });
export type CompileV2Request = z.output<typeof compileV2Request>;

export const statusRequest = z.strictObject({ status: policyStatus });
export type StatusRequest = z.output<typeof statusRequest>;
