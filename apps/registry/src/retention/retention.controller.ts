import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CapError } from '@cap/core';
import type { Config } from '@cap/config';
import { PAGE_LIMIT, retentionRequest, type RetentionResult, retentionResult } from '@cap/contracts';
import { Clients, Problems } from '@cap/service-kit';
import { RegistryData } from '@cap/storage';
import type { z } from 'zod';

@ApiTags('operations')
@Controller('v1/retention')
export class RetentionController {
  constructor(
    private readonly data: RegistryData,
    private readonly config: ConfigService<Config, true>,
  ) {}

  @Post()
  @HttpCode(200)
  @Clients('operator')
  @ApiOperation({ summary: 'Erase evidence that is older than it has to be kept' })
  @ApiOkResponse({ description: 'What was erased, or would be', standardSchema: retentionResult })
  @Problems('option.unsupported', 'snapshot.busy', 'storage.full')
  async apply(
    @Body({ schema: retentionRequest }) { years, dry_run }: z.output<typeof retentionRequest>,
  ): Promise<RetentionResult> {
    const age = years ?? this.config.get('registry', { infer: true }).retention_years;
    if (age === null)
      throw new CapError('option.unsupported', 'registry.retention_years is not set: evidence is kept.');
    return this.data.applyRetention(age, { dryRun: dry_run, limit: PAGE_LIMIT });
  }
}
