import { type MultipartFile } from '@fastify/multipart';
import { ProblemError } from '@cap/service-kit';
import { type FastifyRequest } from 'fastify';
import { UPLOAD_FIELD } from './schemas.js';

/** The part with the bundle, not read yet. ProblemError request.schema. */
export async function filePart(request: FastifyRequest): Promise<MultipartFile> {
  const part = await request.file().catch((error: unknown) => Promise.reject(formError(error)));
  if (!part) throw new ProblemError('request.schema', `body: expected a part named ${UPLOAD_FIELD} with the bundle.`);
  if (part.fieldname === UPLOAD_FIELD) return part;
  part.file.resume();
  const found = part.fieldname === undefined ? 'one without a name' : part.fieldname.slice(0, 100);
  throw new ProblemError('request.schema', `body: expected a part named ${UPLOAD_FIELD}, found ${found}.`);
}

/** What the parser says of a malformed form has no code, unlike all that a disk or a socket can say. */
export const formError = (error: unknown): unknown =>
  error instanceof Error && !('code' in error)
    ? new ProblemError('request.schema', `body: not a form: ${error.message.replace(/\.$/, '')}.`, { cause: error })
    : error;
