import { Body, Controller, Get, HttpCode, Param, Post, Put, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import {
  type Page,
  pathPart,
  policyQuery,
  policyRequest,
  type PolicyRequest,
  policyStatusRequest,
  type PolicyStatusRequest,
  policyStored,
  type PolicyStored,
  type PolicySummary,
  policyPage,
  policyRecord,
  type PolicyRecord,
} from '@cap/contracts';
import { Clients, Problems } from '@cap/service-kit';
import type { z } from 'zod';
import { PoliciesService } from './policies.service.js';

@ApiTags('policies')
@Controller('v1/policies')
export class PoliciesController {
  constructor(private readonly policies: PoliciesService) {}

  @Post()
  @HttpCode(200)
  @Clients('verifier', 'operator')
  @ApiOperation({ summary: 'Store a policy' })
  @ApiOkResponse({ description: 'Stored, or there already', standardSchema: policyStored })
  @Problems('policy.invalid', 'policy.conflict', 'storage.full')
  store(@Body({ schema: policyRequest }) request: PolicyRequest): Promise<PolicyStored> {
    return this.policies.store(request);
  }

  @Get()
  @Clients('verifier', 'operator')
  @ApiOperation({ summary: 'List policies' })
  @ApiOkResponse({ description: 'A page', standardSchema: policyPage })
  list(
    @Query({ schema: policyQuery }) { status, id, ...page }: z.output<typeof policyQuery>,
  ): Promise<Page<PolicySummary>> {
    return this.policies.list(page, { status, id });
  }

  @Get(':ref')
  @Clients('verifier', 'operator')
  @ApiOperation({ summary: 'One policy by policy_id, hash, or id: its newest active version' })
  @ApiOkResponse({ description: 'The policy', standardSchema: policyRecord })
  @Problems('policy.unknown')
  find(@Param('ref', { schema: pathPart }) ref: string): Promise<PolicyRecord> {
    return this.policies.find(ref);
  }

  @Put(':ref/status')
  @Clients('verifier', 'operator')
  @ApiOperation({ summary: 'Set the status of a policy' })
  @ApiOkResponse({ description: 'The policy as it is now', standardSchema: policyRecord })
  @Problems('policy.unknown', 'storage.full')
  setStatus(
    @Param('ref', { schema: pathPart }) ref: string,
    @Body({ schema: policyStatusRequest }) { status }: PolicyStatusRequest,
  ): Promise<PolicyRecord> {
    return this.policies.setStatus(ref, status);
  }
}
