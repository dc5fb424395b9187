import { Controller, HttpCode, Post, Req, Res } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { CallContext } from '@cap/contracts';
import { Caller, Consumes, CurrentPrincipal, type Principal, Problems, schemaRef, Scopes } from '@cap/service-kit';
import { IdempotentWrites } from '../idempotency/idempotent-writes.js';
import { IdempotentAnswer, WritesRegistry } from '../openapi/decorators.js';
import { bundleForm, FORM_BODY } from './form.js';
import { uploaded, uploadForm } from './schemas.js';
import { type SpooledBundle, UploadService } from './upload.service.js';

@ApiTags('verify')
@Controller('proof')
export class UploadController {
  constructor(
    private readonly uploads: UploadService,
    private readonly writes: IdempotentWrites,
  ) {}

  @Post('upload')
  @HttpCode(200)
  @Scopes('verify:read')
  @Consumes(FORM_BODY)
  @ApiOperation({
    summary: 'Upload a bundle',
    description: 'The container is checked, its content is not verified. Kept for 24 h unless it is registered.',
  })
  @ApiBody({ schema: schemaRef(uploadForm) })
  @IdempotentAnswer({ description: 'What is in the bundle', standardSchema: uploaded })
  @WritesRegistry()
  @Problems('bundle.unreadable', 'bundle.limit', 'bundle.erased', 'rate.limited')
  async upload(
    @Caller() context: CallContext,
    @Req() request: FastifyRequest,
    @CurrentPrincipal() principal: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Buffer> {
    this.uploads.assertSize(Number(request.headers['content-length'] ?? 0));
    return this.uploads.receive(
      () => bundleForm(request),
      request,
      (bundle: SpooledBundle) => {
        const store = async () => ({ body: await bundle.store(context) });
        return this.writes.answer(request, reply, principal, () => bundle.digest(), store);
      },
    );
  }
}
