import { digest, instant } from '@cap/core';
import { z } from 'zod';
import { pageOf, pageQuery } from './page.js';
import { jsonObject, pathPart } from './scalars.js';

export const policyStatus = z.enum(['active', 'deprecated', 'draft']);
export type PolicyStatus = z.infer<typeof policyStatus>;

/** POST /v1/policies. A stored policy starts `active` unless a status is given. */
export const policyRequest = z
  .strictObject({ document: jsonObject, status: policyStatus.optional() })
  .meta({ id: 'PolicyRequest' });
export type PolicyRequest = z.infer<typeof policyRequest>;

const policySummary = z
  .object({
    /** v1: UUIDv8 of the hash; v2: `id@version`. */
    policy_id: z.string(),
    format: z.enum(['v1', 'v2']),
    id: z.string(),
    version: z.string(),
    policy_hash: digest,
    status: policyStatus,
    created_at: instant,
  })
  .meta({ id: 'PolicySummary' });
export type PolicySummary = z.infer<typeof policySummary>;

/** GET /v1/policies/:ref, where ref is a policy_id, a hash in either form, or an id (its newest active version). */
export const policyRecord = policySummary
  .extend({
    /** In the format's own order of members: its compact JSON is what the hash covers. */
    document: jsonObject,
  })
  .meta({ id: 'PolicyRecord' });
export type PolicyRecord = z.infer<typeof policyRecord>;

/** Answer of POST /v1/policies; `created` is false if the same content was there. */
export const policyStored = z.object({ policy: policyRecord, created: z.boolean() }).meta({ id: 'PolicyStored' });
export type PolicyStored = z.infer<typeof policyStored>;

export const policyQuery = pageQuery.extend({ status: policyStatus.optional(), id: pathPart.optional() });
export type PolicyQuery = z.input<typeof policyQuery>;
export const policyPage = pageOf(policySummary).meta({ id: 'PolicyPage' });

/** PUT /v1/policies/:ref/status */
export const policyStatusRequest = z.strictObject({ status: policyStatus }).meta({ id: 'PolicyStatusRequest' });
export type PolicyStatusRequest = z.infer<typeof policyStatusRequest>;
