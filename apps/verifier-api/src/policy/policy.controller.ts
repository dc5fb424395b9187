import type { z } from 'zod';
import { Body, Controller, Get, HttpCode, Param, Post, Put, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiOkResponse, ApiOperation, ApiTags, ApiUnprocessableEntityResponse, ApiBody } from '@nestjs/swagger';
import {
  type CallContext,
  type Page,
  policyPage,
  policyQuery,
  policyRecord,
  type PolicyRecord,
  policyStatusRequest,
  type PolicyStatusRequest,
  type PolicySummary,
} from '@cap/contracts';
import type { JsonValue } from '@cap/core';
import {
  AnyScope,
  Caller,
  Consumes,
  CurrentPrincipal,
  type Principal,
  Problems,
  requireScopes,
  Scopes,
  schemaRef,
} from '@cap/service-kit';
import { answerNotModified } from '../registry/conditional.js';
import { bodyDigest, IdempotentWrites } from '../idempotency/idempotent-writes.js';
import { clearAfter } from '../registry/ttl-cache.js';
import { AsksRegistry, IdempotentAnswer, MoreScopes, TaggedAnswer, WritesRegistry } from '../openapi/decorators.js';
import { KnownPolicies } from './known-policies.js';
import { POLICY_BODY } from './policy-body.js';
import { PolicyService } from './policy.service.js';
import {
  compiledV1,
  compiledV2,
  type CompiledV2,
  compileV2Request,
  type CompileV2Request,
  policyRef,
  policyV1,
  policyV2,
  type PolicyV2,
} from './schemas.js';

const TAG_OF_ACTIVE = 'Only an active one has an ETag: the status can change while the content stays.';

@ApiTags('policies')
@Controller('policy')
export class PolicyController {
  constructor(
    private readonly policies: PolicyService,
    private readonly known: KnownPolicies,
    private readonly writes: IdempotentWrites,
  ) {}

  @Post('compile')
  @HttpCode(200)
  @Scopes('policy:write')
  @Consumes(POLICY_BODY)
  @ApiOperation({
    summary: 'Compile and store a policy v1',
    description: 'The same content has the same id. A new one starts `active`.',
  })
  @ApiBody({ schema: schemaRef(policyV1) })
  @IdempotentAnswer({ description: 'Stored', standardSchema: compiledV1 })
  @WritesRegistry()
  @Problems('policy.invalid', 'policy.conflict')
  compileV1(
    @Body() document: JsonValue,
    @CurrentPrincipal() principal: Principal,
    @Caller() context: CallContext,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Buffer> {
    const write = async () => ({ body: await this.policies.compileV1(document, context) });
    return clearAfter(this.known, () =>
      this.writes.answer(request, reply, principal, () => bodyDigest(request), write),
    );
  }

  @Post('v2/compile')
  @AnyScope('verify:read', 'policy:write')
  @MoreScopes({ when: 'persist is true', scopes: ['policy:write'], instead: true })
  @ApiOperation({
    summary: 'Compile a policy v2, and store it if asked to',
    description: 'Idempotency-Key counts with `persist` only.',
  })
  @IdempotentAnswer({ description: 'Compiled', standardSchema: compiledV2 })
  @ApiUnprocessableEntityResponse({
    description: 'Compiled, and a lint is an error: nothing is stored',
    standardSchema: compiledV2,
  })
  @WritesRegistry()
  @Problems('policy.invalid', 'policy.conflict')
  async compileV2(
    @Body({ schema: compileV2Request }) body: CompileV2Request,
    @CurrentPrincipal() principal: Principal,
    @Caller() context: CallContext,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CompiledV2 | Buffer> {
    const compile = async () => {
      const { answer, valid } = await this.policies.compileV2(body, context);
      return { status: valid ? 200 : 422, body: answer };
    };
    requireScopes(principal, body.persist ? 'policy:write' : 'verify:read');
    if (body.persist)
      return clearAfter(this.known, () =>
        this.writes.answer(request, reply, principal, () => bodyDigest(request), compile),
      );
    const { status, body: answer } = await compile();
    reply.status(status);
    return answer;
  }

  @Get()
  @Scopes('verify:read')
  @ApiOperation({ summary: 'List policies' })
  @ApiOkResponse({ description: 'A page', standardSchema: policyPage })
  @AsksRegistry()
  list(
    @Query({ schema: policyQuery }) query: z.output<typeof policyQuery>,
    @Caller() context: CallContext,
  ): Promise<Page<PolicySummary>> {
    return this.policies.list(query, context);
  }

  @Get('v2/:id')
  @Scopes('verify:read')
  @ApiOperation({ summary: 'One policy v2 with its IR', description: TAG_OF_ACTIVE })
  @TaggedAnswer({ description: 'The policy', standardSchema: policyV2 })
  @AsksRegistry()
  @Problems('policy.unknown')
  async findV2(
    @Param('id', { schema: policyRef }) ref: string,
    @Caller() context: CallContext,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PolicyV2 | undefined> {
    const { etag, body } = await this.policies.findV2(ref, context);
    return etag !== null && answerNotModified(request, reply, etag) ? undefined : body;
  }

  @Get(':id')
  @Scopes('verify:read')
  @ApiOperation({ summary: 'One policy of either format', description: TAG_OF_ACTIVE })
  @TaggedAnswer({ description: 'The policy', standardSchema: policyRecord })
  @AsksRegistry()
  @Problems('policy.unknown')
  async find(
    @Param('id', { schema: policyRef }) ref: string,
    @Caller() context: CallContext,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PolicyRecord | undefined> {
    const record = await this.policies.find(ref, context);
    const isTagged = record.status === 'active';
    return isTagged && answerNotModified(request, reply, `"${record.policy_hash}"`) ? undefined : record;
  }

  @Put(':id/status')
  @Scopes('policy:write')
  @ApiOperation({ summary: 'Set the status of a policy' })
  @ApiOkResponse({ description: 'The policy as it is now', standardSchema: policyRecord })
  @WritesRegistry()
  @Problems('policy.unknown')
  setStatus(
    @Param('id', { schema: policyRef }) ref: string,
    @Body({ schema: policyStatusRequest }) { status }: PolicyStatusRequest,
    @Caller() context: CallContext,
  ): Promise<PolicyRecord> {
    return clearAfter(this.known, () => this.policies.setStatus(ref, status, context));
  }
}
