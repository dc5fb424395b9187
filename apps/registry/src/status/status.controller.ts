import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { VERSION } from '@cap/config';
import { type RegistryStatus, registryStatus } from '@cap/contracts';
import { Clients } from '@cap/service-kit';
import { RegistryData } from '@cap/storage';

@ApiTags('status')
@Controller('v1/status')
export class StatusController {
  constructor(private readonly data: RegistryData) {}

  @Get()
  @Clients('verifier', 'backup', 'operator')
  @ApiOperation({ summary: 'What the registry holds' })
  @ApiOkResponse({ description: 'Totals', standardSchema: registryStatus })
  async status(): Promise<RegistryStatus> {
    return { version: VERSION, ...(await this.data.store.totals()) };
  }
}
