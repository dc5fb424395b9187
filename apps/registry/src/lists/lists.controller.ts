import type { Readable } from 'node:stream';
import { Body, Controller, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import {
  listQuery,
  listRequest,
  type ListRequest,
  listWithdrawal,
  type ListWithdrawal,
  pathPart,
  listStored,
  type ListStored,
  type Page,
  listPage,
  listRecord,
  type ListRecord,
} from '@cap/contracts';
import { Clients, Produces, Problems } from '@cap/service-kit';
import { z } from 'zod';
import { ListsService } from './lists.service.js';

@ApiTags('lists')
@Controller('v1/lists')
export class ListsController {
  constructor(private readonly lists: ListsService) {}

  @Post()
  @HttpCode(200)
  @Clients('verifier', 'operator')
  @ApiOperation({ summary: 'Store a reference list' })
  @ApiOkResponse({ description: 'Stored, or there already', standardSchema: listStored })
  @Problems('list.invalid', 'list.conflict', 'list.empty', 'storage.full')
  store(@Body({ schema: listRequest }) request: ListRequest): Promise<ListStored> {
    return this.lists.store(request);
  }

  @Get()
  @Clients('verifier', 'operator')
  @ApiOperation({ summary: 'List reference lists' })
  @ApiOkResponse({ description: 'A page', standardSchema: listPage })
  list(@Query({ schema: listQuery }) { id, ...page }: z.output<typeof listQuery>): Promise<Page<ListRecord>> {
    return this.lists.list(page, { id });
  }

  @Get(':hash')
  @Clients('verifier', 'operator')
  @ApiOperation({ summary: 'The record of a reference list' })
  @ApiOkResponse({ description: 'The record', standardSchema: listRecord })
  @Problems('list.unknown')
  find(@Param('hash', { schema: pathPart }) hash: string): Promise<ListRecord> {
    return this.lists.find(hash);
  }

  @Post(':hash/withdraw')
  @HttpCode(200)
  @Clients('verifier', 'operator')
  @ApiOperation({ summary: 'Withdraw a reference list, for good' })
  @ApiOkResponse({ description: 'The list as it is now', standardSchema: listRecord })
  @Problems('list.unknown', 'storage.full')
  withdraw(
    @Param('hash', { schema: pathPart }) hash: string,
    @Body({ schema: listWithdrawal }) { reason }: ListWithdrawal,
  ): Promise<ListRecord> {
    return this.lists.withdraw(hash, reason);
  }

  @Get(':hash/content')
  @Produces('text/csv; charset=utf-8')
  @Clients('verifier', 'operator')
  @ApiOperation({ summary: 'The CSV of a reference list, as it was published' })
  @ApiProduces('text/csv')
  @ApiOkResponse({ description: 'The CSV', standardSchema: z.string() })
  @Problems('list.unknown')
  async content(
    @Param('hash', { schema: pathPart }) hash: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Readable> {
    const { body, size } = await this.lists.content(hash);
    reply.header('content-length', size);
    return body;
  }
}
