import { CapError, isCapError, systemCode } from '@cap/core';

/** What the SDK's errors have in common. */
interface Answered {
  name: string;
  status: number | undefined;
  transient: boolean;
}

const TIMEOUTS = new Set(['TimeoutError', 'AbortError', 'RequestTimeout']);

function answered(error: unknown): Answered {
  const { name, $metadata, $retryable } = error as {
    name: string;
    $metadata?: { httpStatusCode?: number; clockSkewCorrected?: boolean };
    $retryable?: unknown;
  };
  const status = $metadata?.httpStatusCode;
  const transient =
    $retryable !== undefined ||
    $metadata?.clockSkewCorrected === true ||
    status === 409 || // two conditional writes at the same moment
    status === 429 ||
    (status !== undefined && status >= 500) ||
    TIMEOUTS.has(name) ||
    (status === undefined && /^E[A-Z_]+$/.test(systemCode(error) ?? ''));
  return { name, status, transient };
}

/** Whether the same request is likely to succeed in a moment. */
export const isTransient = (error: unknown): boolean => answered(error).transient;

export const statusOf = (error: unknown): number | undefined => answered(error).status;

/** Whether the bucket is there, but not this object. */
export const isMissing = (error: unknown): boolean => {
  const { name, status } = answered(error);
  return status === 404 && name !== 'NoSuchBucket';
};

const WRONG_BUCKET = new Set([
  'NoSuchBucket',
  'PermanentRedirect',
  'AuthorizationHeaderMalformed',
  'InvalidBucketName',
]);

/**
 * The SDK's error as a CapError. Only its name and status are repeated, and it is not attached as cause: an object store's
 * answer to a wrong signature contains parts of the request.
 */
export function s3Error(error: unknown, what: string): unknown {
  if (isCapError(error)) return error;
  const { name, status, transient } = answered(error);
  const code = systemCode(error);
  const answer = status === undefined ? (code ?? name) : `HTTP ${status} ${name}`;
  if (status === 507 || /StorageFull|QuotaExceeded/.test(name))
    return new CapError('storage.full', `${what}: the object store is full (${answer})`);
  if (WRONG_BUCKET.has(name))
    return new CapError('storage.bucket', `${what}: the bucket does not exist, or is in another region (${answer})`);
  if (status === 401 || status === 403 || name === 'CredentialsProviderError')
    return new CapError('storage.denied', `${what}: the object store denies access (${answer})`);
  if (transient) return new CapError('storage.unreachable', `${what}: the object store does not answer (${answer})`);
  return status === undefined ? error : new CapError('storage.failed', `${what}: ${answer}`);
}
