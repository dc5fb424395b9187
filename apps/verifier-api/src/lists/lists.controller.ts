import { Body, Controller, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiHeader, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import {
  type CallContext,
  listPage,
  listQuery,
  listRecord,
  listRequest,
  type ListRequest,
  listStored,
  type ListStored,
  listWithdrawal,
  type ListWithdrawal,
} from '@cap/contracts';
import { CapError, isCapError } from '@cap/core';
import { parseUsableList } from '@cap/lists/reference-lists';
import {
  Caller,
  CurrentPrincipal,
  JSON_MEDIA_TYPE,
  preferredType,
  type Principal,
  Problems,
  Produces,
  RegistryConnection,
  schemaRef,
  Scopes,
} from '@cap/service-kit';
import { contentTag, isKnown } from '../conditional.js';
import { bodyDigest, IdempotentWrites } from '../idempotency/idempotent-writes.js';
import { AsksRegistry, IdempotentAnswer, TaggedAnswer, WritesRegistry } from '../openapi/decorators.js';
import { clearAfter } from '../ttl-cache.js';
import { ReferenceLists } from './reference-lists.js';
import { listHash } from './schemas.js';

const CSV = 'text/csv; charset=utf-8';

@ApiTags('lists')
@Controller('lists')
export class ListsController {
  constructor(
    private readonly registry: RegistryConnection,
    private readonly lists: ReferenceLists,
    private readonly writes: IdempotentWrites,
  ) {}

  @Post()
  @HttpCode(200)
  @Scopes('policy:write')
  @ApiOperation({ summary: 'Publish a reference list', description: 'Every bad row is named in `errors`.' })
  @IdempotentAnswer({ description: 'Stored', standardSchema: listStored })
  @WritesRegistry()
  @Problems('list.conflict', 'list.empty')
  publish(
    @Body({ schema: listRequest }) body: ListRequest,
    @CurrentPrincipal() principal: Principal,
    @Caller() context: CallContext,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Buffer> {
    const write = async () => ({ body: await this.#publish(body, context) });
    return clearAfter(this.lists, () =>
      this.writes.answer(request, reply, principal, () => bodyDigest(request), write),
    );
  }

  @Get()
  @Scopes('verify:read')
  @ApiOperation({ summary: 'List reference lists' })
  @ApiOkResponse({ description: 'A page', standardSchema: listPage })
  @AsksRegistry()
  list(@Query({ schema: listQuery }) query: z.output<typeof listQuery>, @Caller() context: CallContext) {
    return this.registry.client.lists(query, context);
  }

  @Get(':hash')
  @Scopes('verify:read')
  @Produces(JSON_MEDIA_TYPE, CSV)
  @ApiOperation({ summary: 'One reference list: its record, or the CSV for a caller that accepts text/csv' })
  @ApiHeader({ name: 'accept', description: 'text/csv for the file itself', required: false })
  @TaggedAnswer({
    description: 'The record, or the file as it was published',
    content: { 'application/json': { schema: schemaRef(listRecord) }, 'text/csv': { schema: { type: 'string' } } },
  })
  @AsksRegistry()
  @Problems('list.unknown')
  async find(
    @Param('hash', { schema: listHash }) hash: string,
    @Caller() context: CallContext,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const record = await this.registry.client.findList(hash, context);
    if (!record) throw new CapError('list.unknown', `There is no reference list ${hash.slice(0, 100)}.`);
    reply.header('vary', 'accept');
    if (preferredType(request.headers.accept, [JSON_MEDIA_TYPE, CSV]) !== CSV)
      return isKnown(request, reply, contentTag(record)) ? undefined : record;
    if (isKnown(request, reply, `"${record.hash}"`)) return undefined;
    reply.header('content-type', CSV);
    return this.registry.client.findListContent(hash, context);
  }

  /** Needs no idempotency key: the first time counts. */
  @Post(':hash/withdraw')
  @HttpCode(200)
  @Scopes('policy:write')
  @ApiOperation({
    summary: 'Withdraw a reference list, for good',
    description:
      'It stays there to be read; a verdict that rests on it has a warning. Withdrawn again, it stays as it is.',
  })
  @ApiOkResponse({ description: 'The list as it is now', standardSchema: listRecord })
  @WritesRegistry()
  @Problems('list.unknown')
  withdraw(
    @Param('hash', { schema: listHash }) hash: string,
    @Body({ schema: listWithdrawal }) body: ListWithdrawal,
    @Caller() context: CallContext,
  ) {
    return clearAfter(this.lists, () => this.registry.client.withdrawList(hash, body, context));
  }

  async #publish(body: ListRequest, context: CallContext): Promise<ListStored> {
    refuseBadRows(body);
    return this.registry.client.storeList(body, context);
  }
}

/** Read here too, so that every bad row is named to whoever sent it. */
function refuseBadRows({ id, kind, content }: ListRequest): void {
  try {
    parseUsableList(kind, Buffer.from(content, 'base64'), id);
  } catch (error) {
    if (!isCapError(error)) throw error;
    if (error.code === 'list.empty') throw new CapError('list.empty', error.message, { cause: error });
    const errors = Array.isArray(error.details) ? error.details : undefined;
    throw new CapError('request.schema', error.message, { details: errors, cause: error });
  }
}
