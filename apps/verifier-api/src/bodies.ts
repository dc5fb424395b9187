import multipart from '@fastify/multipart';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Config } from '@cap/config';
import { CapError, isCapError, type JsonValue } from '@cap/core';
import { parsePolicyText } from '@cap/policy';
import { type BodyType, JSON_BODY } from '@cap/service-kit';

/** A bundle as the body. */
export const BUNDLE_BODY: BodyType = {
  mediaType: 'application/zip',
  parse: (bytes) => bytes,
  limit: 'bundle_bytes',
  tooLarge: (limit) => `A bundle has at most ${limit} bytes.`,
};

/** A bundle in a form, whose parts the handler reads. */
export const FORM_BODY: BodyType = { mediaType: 'multipart/form-data' };

/** The whole body is a policy: one that can't be parsed is policy.invalid, not a request of the wrong shape. */
export const POLICY_BODY: BodyType = { ...JSON_BODY, parse: parsePolicyBody };

/** Forms are parsed by a plugin of Fastify. */
export async function registerForms(app: NestFastifyApplication, { limits }: Config): Promise<void> {
  await app.register(multipart, {
    // One part is accepted; a second one is read only to name it in the error.
    limits: { fileSize: limits.bundle_bytes, files: 2, fields: 1, fieldSize: 10_000, parts: 2, headerPairs: 32 },
  });
}

function parsePolicyBody(body: Buffer): JsonValue {
  try {
    return parsePolicyText(body, 'body');
  } catch (error) {
    const { cause } = error as Error;
    if (isCapError(cause) && cause.code === 'json.limit') throw new CapError('request.limit', cause.message, { cause });
    throw error;
  }
}
