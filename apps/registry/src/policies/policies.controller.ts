import { Controller, Get, HttpCode, Inject, Post, Put } from '@nestjs/common';
import { pathPart, policyQuery, policyRequest, type PolicyRequest, policyStatusRequest } from '@cap/contracts';
import { Clients, ZodBody, ZodParam, ZodQuery } from '@cap/service-kit';
import { type z } from 'zod';
import { PoliciesService } from './policies.service.js';

@Controller('v1/policies')
export class PoliciesController {
  constructor(@Inject(PoliciesService) private readonly policies: PoliciesService) {}

  @Post()
  @HttpCode(200)
  @Clients('verifier', 'operator')
  store(@ZodBody(policyRequest) request: PolicyRequest) {
    return this.policies.store(request);
  }

  @Get()
  @Clients('verifier', 'operator')
  list(@ZodQuery(policyQuery) { status, id, ...page }: z.output<typeof policyQuery>) {
    return this.policies.list(page, { status, id });
  }

  @Get(':ref')
  @Clients('verifier', 'operator')
  find(@ZodParam('ref', pathPart) ref: string) {
    return this.policies.find(ref);
  }

  @Put(':ref/status')
  @Clients('verifier', 'operator')
  setStatus(
    @ZodParam('ref', pathPart) ref: string,
    @ZodBody(policyStatusRequest) { status }: z.output<typeof policyStatusRequest>,
  ) {
    return this.policies.setStatus(ref, status);
  }
}
