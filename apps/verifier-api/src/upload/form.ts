import multipart, { type Multipart, type MultipartFile } from '@fastify/multipart';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyRequest } from 'fastify';
import type { Config } from '@cap/config';
import { CapError } from '@cap/core';
import type { BodyType } from '@cap/service-kit';
import { UPLOAD_FIELD } from './schemas.js';

/** A bundle in a form, whose parts the handler reads. */
export const FORM_BODY: BodyType = { mediaType: 'multipart/form-data' };

/** Forms are parsed by a plugin of Fastify. */
export async function registerForms(app: NestFastifyApplication, { limits }: Config): Promise<void> {
  await app.register(multipart, {
    // One part is accepted; a second one is read only to name it in the error.
    limits: { fileSize: limits.bundle_bytes, files: 2, fields: 1, fieldSize: 10_000, parts: 2, headerPairs: 32 },
  });
}

/** A form whose first part is the bundle. */
export interface BundleForm {
  /** The bundle, not read yet. */
  readonly bundle: MultipartFile;
  /** Call it once the bundle is read. CapError request.schema if anything comes after it. */
  end(): Promise<void>;
}

/** CapError request.schema for a form that begins with anything else. */
export async function bundleForm(request: FastifyRequest): Promise<BundleForm> {
  const parts = request.parts();
  const next = async (): Promise<Multipart | undefined> => {
    const { value, done } = await parts.next().catch((error: unknown) => Promise.reject(formError(error)));
    return done ? undefined : value;
  };
  const first = await next();
  if (!first) throw new CapError('request.schema', `body: expected a part named ${UPLOAD_FIELD} with the bundle.`);
  if (first.type !== 'file' || first.fieldname !== UPLOAD_FIELD) throw unexpected(first);
  return {
    bundle: first,
    end: async () => {
      const more = await next();
      if (more) throw unexpected(more);
    },
  };
}

function unexpected(part: Multipart): CapError {
  if (part.type === 'file') part.file.resume();
  const name = (part.fieldname as string | undefined)?.slice(0, 100);
  const found = name === undefined ? 'one without a name' : name === UPLOAD_FIELD ? another(part) : name;
  return new CapError('request.schema', `body: expected one part, ${UPLOAD_FIELD}, found ${found}.`, {
    details: [{ place: name === undefined ? 'body' : `body.${name}`, message: 'not taken' }],
  });
}

const another = ({ type }: Multipart): string =>
  type === 'file' ? `another ${UPLOAD_FIELD}` : `a field ${UPLOAD_FIELD} that is not a file`;

/** What the parser says of a malformed form has no code, unlike all that a disk or a socket can say. */
export const formError = (error: unknown): unknown =>
  error instanceof Error && !('code' in error)
    ? new CapError('request.schema', `body: not a form: ${error.message.replace(/\.$/, '')}.`, { cause: error })
    : error;
