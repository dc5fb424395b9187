import type { RegistryClient } from '@cap/contracts';
import type { JsonValue } from '@cap/core';
import type { BundleLimits } from '@cap/proof/bundle';
import { type BodyType, parseWith } from '@cap/service-kit';
import { z } from 'zod';
import { type BundleRef, contextBundle, storedBundle, zipBundle } from './bundle-ref.js';
import { verifyBody, type RequestOptions, type VerifyQuery } from './schemas.js';

/** A parsed request of POST /verify, in either form. */
export interface VerificationRequest {
  readonly bundle: BundleRef;
  readonly policyId: string | undefined;
  /** A policy document in the request. */
  readonly policy: JsonValue | undefined;
  readonly backend: string | readonly string[];
  readonly options: RequestOptions;
}

/** What is needed to read a bundle. */
export interface BundleAccess {
  readonly limits: BundleLimits;
  readonly registry: RegistryClient;
  /** Reserves memory for a stored bundle before it is read; may refuse. */
  hold(bytes: number): void;
}

/** A body that is a bundle. */
export const BUNDLE_BODY: BodyType = {
  mediaType: 'application/zip',
  parse: (bytes) => bytes,
  limit: 'bundle_bytes',
  tooLarge: (limit) => `A bundle has at most ${limit} bytes.`,
};

const NO_QUERY = z.strictObject({});

/** The bundle as the body, everything else in the query. */
export function zipRequest(bytes: Buffer, query: VerifyQuery, { limits, registry }: BundleAccess): VerificationRequest {
  const { policy_id: policyId, backend = 'auto', ...options } = query;
  return { bundle: zipBundle(bytes, limits, registry), policyId, policy: undefined, backend, options };
}

/** Everything in the body, which names the bundle or encloses its parts. Throws CapError request.schema. */
export function jsonRequest(body: unknown, query: VerifyQuery, access: BundleAccess): VerificationRequest {
  parseWith(NO_QUERY, query, 'query');
  const {
    bundle_id,
    context,
    policy_id: policyId,
    policy,
    backend = 'auto',
    options,
  } = parseWith(verifyBody, body, 'body');
  const bundle = context
    ? contextBundle(context)
    : storedBundle(bundle_id!, access.limits, access.registry, (bytes) => access.hold(bytes));
  return { bundle, policyId, policy, backend, options };
}
