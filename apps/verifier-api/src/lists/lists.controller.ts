import { Controller, Get, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { type z } from 'zod';
import {
  type CallContext,
  listQuery,
  listRequest,
  type ListRequest,
  type ListStored,
  listWithdrawal,
  type ListWithdrawal,
} from '@cap/contracts';
import { isCapError } from '@cap/core';
import { parseReferenceList } from '@cap/lists';
import { refuseMute } from '@cap/proof';
import {
  CurrentPrincipal,
  JSON_MEDIA_TYPE,
  preferredType,
  type Principal,
  ProblemError,
  Produces,
  Scopes,
  ZodBody,
  ZodParam,
  ZodQuery,
} from '@cap/service-kit';
import { contentTag, isKnown } from '../conditional.js';
import { IdempotentWrites } from '../idempotency/idempotent-writes.js';
import { RegistryConnection } from '../registry/connection.js';
import { forgettingAfter } from '../remembered.js';
import { ReferenceLists } from './reference-lists.js';
import { listHash } from './schemas.js';

const CSV = 'text/csv; charset=utf-8';

@Controller('lists')
export class ListsController {
  constructor(
    @Inject(RegistryConnection) private readonly registry: RegistryConnection,
    @Inject(ReferenceLists) private readonly lists: ReferenceLists,
    @Inject(IdempotentWrites) private readonly writes: IdempotentWrites,
  ) {}

  @Post()
  @HttpCode(200)
  @Scopes('policy:write')
  publish(
    @ZodBody(listRequest) body: ListRequest,
    @CurrentPrincipal() principal: Principal,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Buffer> {
    const write = async () => ({ body: await this.#publish(body, { requestId: request.id }) });
    return forgettingAfter(this.lists, () =>
      this.writes.answer(request, reply, principal, () => request.bodyDigest, write),
    );
  }

  @Get()
  @Scopes('verify:read')
  list(@ZodQuery(listQuery) query: z.output<typeof listQuery>, @Req() { id: requestId }: FastifyRequest) {
    return this.registry.client.lists(query, { requestId });
  }

  /** The record, or the CSV itself for a caller that would rather have text/csv. */
  @Get(':hash')
  @Scopes('verify:read')
  @Produces(JSON_MEDIA_TYPE, CSV)
  async find(
    @ZodParam('hash', listHash) hash: string,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const context = { requestId: request.id };
    const record = await this.registry.client.findList(hash, context);
    if (!record) throw new ProblemError('list.unknown', `There is no reference list ${hash.slice(0, 100)}.`);
    reply.header('vary', 'accept');
    if (preferredType(request.headers.accept, [JSON_MEDIA_TYPE, CSV]) !== CSV)
      return isKnown(request, reply, contentTag(record)) ? undefined : record;
    if (isKnown(request, reply, `"${record.hash}"`)) return undefined;
    reply.header('content-type', CSV);
    return this.registry.client.findListContent(hash, context);
  }

  /** For good. Needs no idempotency key: the first time counts. */
  @Post(':hash/withdraw')
  @HttpCode(200)
  @Scopes('policy:write')
  withdraw(
    @ZodParam('hash', listHash) hash: string,
    @ZodBody(listWithdrawal) body: ListWithdrawal,
    @Req() { id: requestId }: FastifyRequest,
  ) {
    return forgettingAfter(this.lists, () => this.registry.client.withdrawList(hash, body, { requestId }));
  }

  async #publish(body: ListRequest, context: CallContext): Promise<ListStored> {
    refuseBadRows(body);
    return this.registry.client.storeList(body, context);
  }
}

/** Read here too, so that every bad row is named to whoever sent it. */
function refuseBadRows({ id, kind, content }: ListRequest): void {
  try {
    refuseMute(parseReferenceList(kind, Buffer.from(content, 'base64'), id), id);
  } catch (error) {
    if (!isCapError(error)) throw error;
    if (error.code === 'list.empty') throw new ProblemError('list.empty', error.message, { cause: error });
    const errors = Array.isArray(error.details) ? error.details : undefined;
    throw new ProblemError('request.schema', error.message, { errors, cause: error });
  }
}
