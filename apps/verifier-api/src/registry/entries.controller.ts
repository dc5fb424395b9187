import { Controller, Get, Param, Query, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { CapError } from '@cap/core';
import { type CallContext, entryPage, entryQuery, entryRecord, type EntryRecord, type Page } from '@cap/contracts';
import { Caller, Problems, RegistryConnection, Scopes } from '@cap/service-kit';
import { contentTag, answerNotModified } from './conditional.js';
import { AsksRegistry, TaggedAnswer } from '../openapi/decorators.js';
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
  list(
    @Query({ schema: entryQuery }) query: z.output<typeof entryQuery>,
    @Caller() context: CallContext,
  ): Promise<Page<EntryRecord>> {
    return this.registry.client.listEntries(query, context);
  }

  @Get(':id')
  @Scopes('verify:read')
  @ApiOperation({ summary: 'One entry' })
  @TaggedAnswer({ description: 'The entry', standardSchema: entryRecord })
  @AsksRegistry()
  @Problems('entry.unknown')
  async find(
    @Param('id', { schema: entryId }) id: string,
    @Caller() context: CallContext,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<EntryRecord | undefined> {
    const entry = await this.registry.client.findEntry(id, context);
    if (!entry) throw new CapError('entry.unknown', `There is no entry ${id.slice(0, 100)}.`);
    return answerNotModified(request, reply, contentTag(entry)) ? undefined : entry;
  }
}
