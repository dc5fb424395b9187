import { Body, Controller, Get, HttpCode, Inject, Post, Put, Req, Res } from '@nestjs/common';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { policyQuery } from '@cap/contracts';
import { type JsonValue } from '@cap/crypto';
import { CurrentPrincipal, type Principal, Scopes, ZodBody, ZodParam, ZodQuery } from '@cap/service-kit';
import { type z } from 'zod';
import { PolicyService } from './policy.service.js';
import { compileV2Request, type CompileV2Request, policyRef, statusRequest, type StatusRequest } from './schemas.js';

@Controller('policy')
export class PolicyController {
  constructor(@Inject(PolicyService) private readonly policies: PolicyService) {}

  @Post('compile')
  @HttpCode(200)
  @Scopes('policy:write')
  compileV1(@Body() document: JsonValue, @Req() { id: requestId }: FastifyRequest) {
    return this.policies.compileV1(document, { requestId });
  }

  @Post('v2/compile')
  @Scopes('verify:read')
  async compileV2(
    @ZodBody(compileV2Request) body: CompileV2Request,
    @CurrentPrincipal() principal: Principal,
    @Req() { id: requestId }: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { answer, valid } = await this.policies.compileV2(body, principal, { requestId });
    reply.status(valid ? 200 : 422);
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
    if (etag === null) return body;
    reply.header('etag', etag);
    if (!knows(request.headers['if-none-match'], etag)) return body;
    reply.status(304);
    return undefined;
  }

  @Get(':id')
  @Scopes('verify:read')
  find(@ZodParam('id', policyRef) ref: string, @Req() { id: requestId }: FastifyRequest) {
    return this.policies.find(ref, { requestId });
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

/** RFC 9110 If-None-Match: `*`, or a list of tags compared weakly. */
const knows = (header: string | undefined, etag: string): boolean =>
  header !== undefined &&
  (header.trim() === '*' || header.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag));
