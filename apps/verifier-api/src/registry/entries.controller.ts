import { Controller, Get, Inject, Req, Res } from '@nestjs/common';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { type z } from 'zod';
import { entryQuery } from '@cap/contracts';
import { ProblemError, Scopes, ZodParam, ZodQuery } from '@cap/service-kit';
import { contentTag, isKnown } from '../conditional.js';
import { RegistryConnection } from './connection.js';
import { entryId } from './schemas.js';

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
  async find(
    @ZodParam('id', entryId) id: string,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const entry = await this.registry.client.findEntry(id, { requestId: request.id });
    if (!entry) throw new ProblemError('entry.unknown', `There is no entry ${id.slice(0, 100)}.`);
    return isKnown(request, reply, contentTag(entry)) ? undefined : entry;
  }
}
