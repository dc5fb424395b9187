import { Controller, Get, Inject } from '@nestjs/common';
import { VERSION } from '@cap/config';
import { type RegistryStatus } from '@cap/contracts';
import { Clients } from '@cap/service-kit';
import { RegistryData } from '@cap/storage';

@Controller('v1/status')
export class StatusController {
  constructor(@Inject(RegistryData) private readonly data: RegistryData) {}

  @Get()
  @Clients('verifier', 'backup', 'operator')
  async status(): Promise<RegistryStatus> {
    return { version: VERSION, ...(await this.data.store.totals()) };
  }
}
