import { Controller, Get, HttpCode, Inject, Post, Res } from '@nestjs/common';
import { type FastifyReply } from 'fastify';
import {
  listQuery,
  listRequest,
  type ListRequest,
  listWithdrawal,
  type ListWithdrawal,
  pathPart,
} from '@cap/contracts';
import { Clients, Produces, ZodBody, ZodParam, ZodQuery } from '@cap/service-kit';
import { type z } from 'zod';
import { ListsService } from './lists.service.js';

@Controller('v1/lists')
export class ListsController {
  constructor(@Inject(ListsService) private readonly lists: ListsService) {}

  @Post()
  @HttpCode(200)
  @Clients('verifier', 'operator')
  store(@ZodBody(listRequest) request: ListRequest) {
    return this.lists.store(request);
  }

  @Get()
  @Clients('verifier', 'operator')
  list(@ZodQuery(listQuery) { id, ...page }: z.output<typeof listQuery>) {
    return this.lists.list(page, { id });
  }

  @Get(':hash')
  @Clients('verifier', 'operator')
  find(@ZodParam('hash', pathPart) hash: string) {
    return this.lists.find(hash);
  }

  @Post(':hash/withdraw')
  @HttpCode(200)
  @Clients('verifier', 'operator')
  withdraw(@ZodParam('hash', pathPart) hash: string, @ZodBody(listWithdrawal) { reason }: ListWithdrawal) {
    return this.lists.withdraw(hash, reason);
  }

  @Get(':hash/content')
  @Produces('text/csv; charset=utf-8')
  @Clients('verifier', 'operator')
  async content(@ZodParam('hash', pathPart) hash: string, @Res({ passthrough: true }) reply: FastifyReply) {
    const { body, size } = await this.lists.content(hash);
    reply.header('content-length', size);
    return body;
  }
}
