import { Controller, Get, HttpCode, Inject, Param, Post, Req, Res } from '@nestjs/common';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { listQuery, listRequest, type ListRequest } from '@cap/contracts';
import { isCapError } from '@cap/crypto';
import { parseReferenceList } from '@cap/proof';
import { ProblemError, Scopes, ZodBody, ZodQuery } from '@cap/service-kit';
import { type z } from 'zod';
import { RegistryConnection } from '../registry/connection.js';
import { ReferenceLists } from './reference-lists.js';

const CSV = 'text/csv';

@Controller('lists')
export class ListsController {
  constructor(
    @Inject(RegistryConnection) private readonly registry: RegistryConnection,
    @Inject(ReferenceLists) private readonly lists: ReferenceLists,
  ) {}

  @Post()
  @HttpCode(200)
  @Scopes('policy:write')
  async publish(@ZodBody(listRequest) body: ListRequest, @Req() { id: requestId }: FastifyRequest) {
    refuseBadRows(body);
    const stored = await this.registry.client.storeList(body, { requestId });
    this.lists.forget();
    return stored;
  }

  @Get()
  @Scopes('verify:read')
  list(@ZodQuery(listQuery) query: z.output<typeof listQuery>, @Req() { id: requestId }: FastifyRequest) {
    return this.registry.client.lists(query, { requestId });
  }

  /** The record, or the CSV itself for a caller that accepts text/csv. */
  @Get(':hash')
  @Scopes('verify:read')
  async find(
    @Param('hash') hash: string,
    @Req() { id: requestId, headers }: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { client } = this.registry;
    const csv = headers.accept?.includes(CSV) ?? false;
    const found = csv ? await client.findListContent(hash, { requestId }) : await client.findList(hash, { requestId });
    if (!found) throw new ProblemError('list.unknown', `There is no reference list ${hash.slice(0, 100)}.`);
    if (csv) reply.header('content-type', `${CSV}; charset=utf-8`);
    reply.header('vary', 'accept');
    return found;
  }
}

/** Read here too, so that every bad row is named to whoever sent it. */
function refuseBadRows({ id, kind, content }: ListRequest): void {
  try {
    parseReferenceList(kind, Buffer.from(content, 'base64'), id);
  } catch (error) {
    if (!isCapError(error)) throw error;
    const errors = Array.isArray(error.details) ? error.details : undefined;
    throw new ProblemError('request.schema', error.message, { errors, cause: error });
  }
}
