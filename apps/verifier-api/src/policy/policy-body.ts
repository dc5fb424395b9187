import { CapError, isCapError, type JsonValue } from '@cap/core';
import { parsePolicyText } from '@cap/policy';
import { type BodyType, JSON_BODY } from '@cap/service-kit';

/** The whole body is a policy: one that can't be parsed is policy.invalid, not a request of the wrong shape. */
export const POLICY_BODY: BodyType = { ...JSON_BODY, parse: parsePolicyBody };

function parsePolicyBody(body: Buffer): JsonValue {
  try {
    return parsePolicyText(body, 'body');
  } catch (error) {
    const { cause } = error as Error;
    if (isCapError(cause) && cause.code === 'json.limit') throw new CapError('request.limit', cause.message, { cause });
    throw error;
  }
}
