import { Body, Controller, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiHeader, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import {
  type CallContext,
  listPage,
  listQuery,
  listRecord,
  type ListRecord,
  listRequest,
  type ListRequest,
  listStored,
  type Page,
  listWithdrawal,
  type ListWithdrawal,
} from '@cap/contracts';
import {
  Caller,
  CurrentPrincipal,
  JSON_MEDIA_TYPE,
  preferredType,
  type Principal,
  Problems,
  Produces,
  schemaRef,
  Scopes,
} from '@cap/service-kit';
import { contentTag, answerNotModified } from '../registry/conditional.js';
import { bodyDigest, IdempotentWrites } from '../idempotency/idempotent-writes.js';
import { AsksRegistry, IdempotentAnswer, TaggedAnswer, WritesRegistry } from '../openapi/decorators.js';
import { clearAfter } from '../registry/ttl-cache.js';
import { KnownLists } from './known-lists.js';
import { ListsService } from './lists.service.js';
import { listHash } from './schemas.js';

const CSV = 'text/csv; charset=utf-8';

@ApiTags('lists')
@Controller('lists')
export class ListsController {
  constructor(
    private readonly lists: ListsService,
    private readonly known: KnownLists,
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
    const write = async () => ({ body: await this.lists.publish(body, context) });
    return clearAfter(this.known, () =>
      this.writes.answer(request, reply, principal, () => bodyDigest(request), write),
    );
  }

  @Get()
  @Scopes('verify:read')
  @ApiOperation({ summary: 'List reference lists' })
  @ApiOkResponse({ description: 'A page', standardSchema: listPage })
  @AsksRegistry()
  list(
    @Query({ schema: listQuery }) query: z.output<typeof listQuery>,
    @Caller() context: CallContext,
  ): Promise<Page<ListRecord>> {
    return this.lists.list(query, context);
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
  ): Promise<ListRecord | Buffer | null | undefined> {
    const record = await this.lists.find(hash, context);
    reply.header('vary', 'accept');
    if (preferredType(request.headers.accept, [JSON_MEDIA_TYPE, CSV]) !== CSV)
      return answerNotModified(request, reply, contentTag(record)) ? undefined : record;
    if (answerNotModified(request, reply, `"${record.hash}"`)) return undefined;
    reply.header('content-type', CSV);
    return this.lists.content(hash, context);
  }

  /** Needs no idempotency key: only the first withdrawal takes effect. */
  @Post(':hash/withdraw')
  @HttpCode(200)
  @Scopes('policy:write')
  @ApiOperation({
    summary: 'Withdraw a reference list, for good',
    description:
      'The list can still be read, but verdicts that depend on it carry a warning. Withdrawing it again changes nothing.',
  })
  @ApiOkResponse({ description: 'The list as it is now', standardSchema: listRecord })
  @WritesRegistry()
  @Problems('list.unknown')
  withdraw(
    @Param('hash', { schema: listHash }) hash: string,
    @Body({ schema: listWithdrawal }) body: ListWithdrawal,
    @Caller() context: CallContext,
  ): Promise<ListRecord> {
    return clearAfter(this.known, () => this.lists.withdraw(hash, body, context));
  }
}
