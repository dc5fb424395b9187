import { Body, Controller, HttpCode, Post, Query, Req, Res } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Config } from '@cap/config';
import type { BundleLimits } from '@cap/proof/bundle';
import {
  Consumes,
  CurrentPrincipal,
  requesterOf,
  JSON_BODY,
  JSON_MEDIA_TYPE,
  type Principal,
  Problems,
  RegistryConnection,
  requireScopes,
  schemaRef,
  Scopes,
} from '@cap/service-kit';
import { bodyDigest, IdempotentWrites } from '../idempotency/idempotent-writes.js';
import { IdempotentAnswer, MoreScopes, WritesRegistry } from '../openapi/decorators.js';
import { verdictAnswer } from './answer.js';
import { bundleLimits } from './bundle-ref.js';
import { verifyBody, verifyQuery, type VerifyQuery } from './schemas.js';
import { VerificationService } from './verification.service.js';
import { BUNDLE_BODY, jsonRequest, zipRequest } from './verification-request.js';

@ApiTags('verify')
@Controller()
export class VerifyController {
  readonly #limits: BundleLimits;

  constructor(
    config: ConfigService<Config, true>,
    private readonly verifications: VerificationService,
    private readonly registry: RegistryConnection,
    private readonly writes: IdempotentWrites,
  ) {
    this.#limits = bundleLimits(config.get('limits', { infer: true }));
  }

  @Post('verify')
  @HttpCode(200)
  @Scopes('verify:read')
  @Consumes(JSON_BODY, BUNDLE_BODY)
  @MoreScopes({ when: 'register is true', scopes: ['registry:write'] })
  @ApiOperation({
    summary: 'Verify a bundle',
    description:
      '200 whatever the verdict, which is about the rows that the company committed to, not about their truth. The bundle is sent as a zip with the options in the query, or named or enclosed in JSON with the options there. ' +
      'Idempotency-Key counts with `register` only.',
    requestBody: {
      required: true,
      content: {
        'application/json': { schema: schemaRef(verifyBody) },
        'application/zip': { schema: { type: 'string', format: 'binary' } },
      },
    },
  })
  @IdempotentAnswer({ description: 'The verdict, check by check', standardSchema: verdictAnswer })
  @WritesRegistry()
  @Problems('bundle.unreadable', 'bundle.limit', 'bundle.unknown', 'bundle.erased')
  @Problems('policy.unknown', 'policy.invalid', 'option.unsupported', 'timeout')
  async verify(
    @Query({ schema: verifyQuery }) query: VerifyQuery,
    @Body() body: unknown,
    @Req() request: FastifyRequest,
    @CurrentPrincipal() principal: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Buffer> {
    const access = {
      limits: this.#limits,
      registry: this.registry.client,
      hold: (bytes: number) => request.holdBytes(bytes),
    };
    const asked = Buffer.isBuffer(body) ? zipRequest(body, query, access) : jsonRequest(body, query, access);
    const answer = async () => {
      const { result, answer: body } = await this.verifications.verify(asked, requesterOf(request), {
        requestId: request.id,
      });
      request.result = result;
      return { body };
    };
    if (asked.options.register) {
      requireScopes(principal, 'registry:write');
      return this.writes.answer(request, reply, principal, () => bodyDigest(request), answer);
    }
    reply.header('content-type', JSON_MEDIA_TYPE);
    return (await answer()).body;
  }
}
