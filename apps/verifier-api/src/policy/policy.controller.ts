import { Controller, Get, HttpCode, Inject, Post, Put, Req, Res } from '@nestjs/common';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { type z } from 'zod';
import { policyQuery } from '@cap/contracts';
import { type JsonValue } from '@cap/core';
import {
  AnyScope,
  CurrentPrincipal,
  type Principal,
  RawBody,
  requireScopes,
  Scopes,
  ZodBody,
  ZodParam,
  ZodQuery,
} from '@cap/service-kit';
import { isKnown } from '../conditional.js';
import { IdempotentWrites } from '../idempotency/idempotent-writes.js';
import { forgettingAfter } from '../remembered.js';
import { Policies } from './policies.js';
import { PolicyService } from './policy.service.js';
import { compileV2Request, type CompileV2Request, policyRef, statusRequest, type StatusRequest } from './schemas.js';

@Controller('policy')
export class PolicyController {
  constructor(
    @Inject(PolicyService) private readonly policies: PolicyService,
    @Inject(Policies) private readonly known: Policies,
    @Inject(IdempotentWrites) private readonly writes: IdempotentWrites,
  ) {}

  @Post('compile')
  @HttpCode(200)
  @Scopes('policy:write')
  compileV1(
    @RawBody() document: JsonValue,
    @CurrentPrincipal() principal: Principal,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Buffer> {
    const write = async () => ({ body: await this.policies.compileV1(document, { requestId: request.id }) });
    return forgettingAfter(this.known, () =>
      this.writes.answer(request, reply, principal, () => request.bodyDigest, write),
    );
  }

  @Post('v2/compile')
  @AnyScope('verify:read', 'policy:write')
  async compileV2(
    @ZodBody(compileV2Request) body: CompileV2Request,
    @CurrentPrincipal() principal: Principal,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const compile = async () => {
      const { answer, valid } = await this.policies.compileV2(body, { requestId: request.id });
      return { status: valid ? 200 : 422, body: answer };
    };
    requireScopes(principal, body.persist ? 'policy:write' : 'verify:read');
    if (body.persist)
      return forgettingAfter(this.known, () =>
        this.writes.answer(request, reply, principal, () => request.bodyDigest, compile),
      );
    const { status, body: answer } = await compile();
    reply.status(status);
    return answer;
  }

  @Get()
  @Scopes('verify:read')
  list(@ZodQuery(policyQuery) query: z.output<typeof policyQuery>, @Req() { id: requestId }: FastifyRequest) {
    return this.policies.list(query, { requestId });
  }

  @Get('v2/:id')
  @Scopes('verify:read')
  async findV2(
    @ZodParam('id', policyRef) ref: string,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { etag, body } = await this.policies.findV2(ref, { requestId: request.id });
    return etag !== null && isKnown(request, reply, etag) ? undefined : body;
  }

  @Get(':id')
  @Scopes('verify:read')
  async find(
    @ZodParam('id', policyRef) ref: string,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const record = await this.policies.find(ref, { requestId: request.id });
    const isTagged = record.status === 'active';
    return isTagged && isKnown(request, reply, `"${record.policy_hash}"`) ? undefined : record;
  }

  @Put(':id/status')
  @Scopes('policy:write')
  setStatus(
    @ZodParam('id', policyRef) ref: string,
    @ZodBody(statusRequest) { status }: StatusRequest,
    @Req() { id: requestId }: FastifyRequest,
  ) {
    return this.policies.setStatus(ref, status, { requestId });
  }
}
