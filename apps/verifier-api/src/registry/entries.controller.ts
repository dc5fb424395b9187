import { Controller, Get, Req, Res, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { CapError } from '@cap/core';
import { entryPage, entryQuery, entryRecord } from '@cap/contracts';
import { Problems, Scopes } from '@cap/service-kit';
import { contentTag, isKnown } from '../conditional.js';
import { AsksRegistry, TaggedAnswer } from '../openapi/decorators.js';
import { RegistryConnection } from './connection.js';
import { entryId } from './schemas.js';

@ApiTags('registry')
@Controller('registry/entries')
export class EntriesController {
  constructor(private readonly registry: RegistryConnection) {}

  @Get()
  @Scopes('verify:read')
  @ApiOperation({ summary: 'List entries, oldest first' })
  @ApiOkResponse({ description: 'A page', standardSchema: entryPage })
  @AsksRegistry()
  list(@Query({ schema: entryQuery }) query: z.output<typeof entryQuery>, @Req() { id: requestId }: FastifyRequest) {
    return this.registry.client.listEntries(query, { requestId });
  }

  @Get(':id')
  @Scopes('verify:read')
  @ApiOperation({ summary: 'One entry' })
  @TaggedAnswer({ description: 'The entry', standardSchema: entryRecord })
  @AsksRegistry()
  @Problems('entry.unknown')
  async find(
    @Param('id', { schema: entryId }) id: string,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const entry = await this.registry.client.findEntry(id, { requestId: request.id });
    if (!entry) throw new CapError('entry.unknown', `There is no entry ${id.slice(0, 100)}.`);
    return isKnown(request, reply, contentTag(entry)) ? undefined : entry;
  }
}
