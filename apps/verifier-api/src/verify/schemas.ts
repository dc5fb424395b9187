import { z } from 'zod';
import { CapError, digest, instant } from '@cap/core';
import { jsonObject, pathPart, plainText } from '@cap/contracts';
import { backends, type BackendName } from '@cap/proof';

const flag = z.enum(['true', 'false'], { error: 'expected true or false' }).transform((text) => text === 'true');
const text = plainText.min(1).max(1_000);
const policyId = pathPart;

/** The options of a verification; `bool` is how a boolean is written. */
const options = <T extends z.ZodType<boolean>>(bool: T) => ({
  register: bool.optional(),
  check_timestamp: bool.optional(),
  require_timestamp: bool.optional(),
  check_registry: bool.optional(),
  audience: text.optional(),
  nonce: text.optional(),
  at: instant.optional(),
});

const backendText = z.string().min(1).max(200);
const backend = z.union([backendText, z.array(z.string().min(1).max(50)).min(1).max(10)], {
  error: "expected 'auto', a backend or a list of them",
});

/** A whole policy document, v1 or v2, as JSON or as the text of a file; it is compiled, and named by its own hash. */
const policyDocument = z.union([jsonObject, z.string().min(1)], {
  error: 'expected a policy document, as an object or as text',
});

/** An entry is a verdict of its own day. */
const isJudgedNow = ({ register, at }: { register?: boolean | undefined; at?: string | undefined }): boolean =>
  !register || at === undefined;
const NOT_NOW = 'a verdict as of another time is not registered: leave out at, or register';

/** POST /verify as JSON. */
export const verifyBody = z
  .strictObject({
    bundle_id: digest.optional(),
    context: z
      .strictObject({
        manifest: z.union([jsonObject, z.base64()], { error: 'expected an object, or its bytes in base64' }),
        proof: z.base64({ error: 'expected base64' }),
        signatures: jsonObject,
      })
      .optional(),
    policy_id: policyId.optional(),
    policy: policyDocument.optional(),
    backend: backend.optional(),
    options: z.strictObject(options(z.boolean())).default({}),
  })
  .refine(({ bundle_id, context }) => (bundle_id === undefined) !== (context === undefined), {
    error: 'expected either bundle_id or context',
  })
  .refine(({ policy_id, policy }) => policy_id === undefined || policy === undefined, {
    error: 'expected policy_id or policy, not both',
  })
  .refine(({ policy, options: { register } }) => policy === undefined || !register, {
    error: 'an entry names a policy that the registry has: store it with POST /policy/compile, then name its policy_id',
    path: ['options', 'register'],
  })
  .refine(({ context, options: { register } }) => context === undefined || !register, {
    error: 'only a whole bundle can be registered: upload it, or send it as application/zip',
    path: ['options', 'register'],
  })
  .refine(({ options }) => isJudgedNow(options), { error: NOT_NOW, path: ['options', 'register'] })
  .meta({
    id: 'VerifyRequest',
    description: 'options.register only with bundle_id, without policy and without options.at',
    oneOf: [{ required: ['bundle_id'] }, { required: ['context'] }],
    not: { required: ['policy_id', 'policy'] },
  });
export type VerifyBody = z.output<typeof verifyBody>;
export type RequestOptions = VerifyBody['options'];

/** POST /verify as application/zip: the same in the query. */
export const verifyQuery = z
  .strictObject({
    policy_id: policyId.optional(),
    backend: backendText.optional().meta({ description: 'auto, or accepted backends with commas' }),
    ...options(flag),
  })
  .refine(isJudgedNow, { error: NOT_NOW, path: ['register'] });
export type VerifyQuery = z.output<typeof verifyQuery>;

/** `auto`, one name, or several, in a list or with commas. Throws CapError option.unsupported for one that is not built. */
export function parseBackends(given: string | readonly string[]): 'auto' | readonly BackendName[] {
  if (given === 'auto') return 'auto';
  const names = typeof given === 'string' ? given.split(',').map((name) => name.trim()) : given;
  const built = new Map<string, BackendName>(backends.map(({ name }) => [name, name]));
  return names.map((name) => {
    const found = built.get(name);
    if (!found)
      throw new CapError(
        'option.unsupported',
        `There is no backend ${name}; there are ${[...built.keys()].join(', ')}.`,
      );
    return found;
  });
}
