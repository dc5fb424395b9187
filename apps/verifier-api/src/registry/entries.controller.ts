import { Controller, Get, Inject, Param, Req } from '@nestjs/common';
import { type FastifyRequest } from 'fastify';
import { type z } from 'zod';
import { entryQuery } from '@cap/contracts';
import { ProblemError, Scopes, ZodQuery } from '@cap/service-kit';
import { RegistryConnection } from './connection.js';

@Controller('registry/entries')
export class EntriesController {
  constructor(@Inject(RegistryConnection) private readonly registry: RegistryConnection) {}

  @Get()
  @Scopes('verify:read')
  list(@ZodQuery(entryQuery) query: z.output<typeof entryQuery>, @Req() { id: requestId }: FastifyRequest) {
    return this.registry.client.listEntries(query, { requestId });
  }

  @Get(':id')
  @Scopes('verify:read')
  async find(@Param('id') id: string, @Req() { id: requestId }: FastifyRequest) {
    const entry = await this.registry.client.findEntry(id, { requestId });
    if (!entry) throw new ProblemError('entry.unknown', `There is no entry ${id.slice(0, 100)}.`);
    return entry;
  }
}
