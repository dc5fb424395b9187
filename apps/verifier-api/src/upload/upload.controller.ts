import { Controller, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { CurrentPrincipal, type Principal, ProblemError, Scopes } from '@cap/service-kit';
import { IdempotentWrites } from '../idempotency/idempotent-writes.js';
import { bundleForm } from './form.js';
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
    this.uploads.assertSize(Number(request.headers['content-length'] ?? 0));
    return this.uploads.receive(
      () => bundleForm(request),
      request,
      (bundle: SpooledBundle) => {
        const store = async () => ({ body: await bundle.store({ requestId: request.id }) });
        return this.writes.answer(request, reply, principal, () => bundle.digest(), store);
      },
    );
  }
}
