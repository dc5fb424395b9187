import { z } from 'zod';

/** RFC 9457 problem details with a stable `code` and the request id. */
export const problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string(),
    detail: z.string().optional(),
    request_id: z.string().optional(),
    /** Details, e.g. one for each wrong member. */
    errors: z.array(z.unknown()).optional(),
  })
  .meta({ id: 'Problem' });
export type Problem = z.infer<typeof problem>;
export const PROBLEM_MEDIA_TYPE = 'application/problem+json';
