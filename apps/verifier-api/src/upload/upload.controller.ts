import { Controller, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { CurrentPrincipal, type Principal, ProblemError, Scopes } from '@cap/service-kit';
import { IdempotentWrites } from '../idempotency/idempotent-writes.js';
import { UPLOAD_FIELD } from './schemas.js';
import { type SpooledBundle, UploadService } from './upload.service.js';

@Controller('proof')
export class UploadController {
  constructor(
    @Inject(UploadService) private readonly uploads: UploadService,
    @Inject(IdempotentWrites) private readonly writes: IdempotentWrites,
  ) {}

  @Post('upload')
  @HttpCode(200)
  @Scopes('verify:read')
  async upload(
    @Req() request: FastifyRequest,
    @CurrentPrincipal() principal: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Buffer> {
    if (!request.isMultipart()) throw new ProblemError('request.media-type', 'Expected multipart/form-data.');
    const part = await request.file();
    if (!part) throw new ProblemError('request.schema', `body: expected a part named ${UPLOAD_FIELD} with the bundle.`);
    if (part.fieldname !== UPLOAD_FIELD) {
      part.file.resume();
      throw new ProblemError(
        'request.schema',
        `body: expected a part named ${UPLOAD_FIELD}, found ${part.fieldname.slice(0, 100)}.`,
      );
    }
    return this.uploads.receive(part, principal, (bundle: SpooledBundle) => {
      const store = async () => ({ body: await bundle.store({ requestId: request.id }) });
      return this.writes.answer(request, reply, principal, () => bundle.digest(), store);
    });
  }
}
