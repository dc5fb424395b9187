import type { z } from 'zod';
import { Body, Controller, Get, HttpCode, Param, Post, Put, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import {
  entryQuery,
  type EntryRecord,
  entryRequest,
  type EntryRequest,
  type EntryStored,
  eraseRequest,
  type ErasureRecord,
  type HeldEntries,
  holdRequest,
  type Page,
  pathPart,
  entryStored,
  entryPage,
  entryRecord,
  heldEntries,
  erasureRecord,
} from '@cap/contracts';
import { CapError } from '@cap/core';
import { receiptJson } from '@cap/tlog';
import { Clients, Problems } from '@cap/service-kit';
import { RegistryData } from '@cap/storage';

@ApiTags('entries')
@Controller('v1/entries')
export class EntriesController {
  constructor(private readonly data: RegistryData) {}

  @Post()
  @HttpCode(200)
  @Clients('verifier')
  @ApiOperation({ summary: 'Register a verdict' })
  @ApiOkResponse({
    description: 'The entry, and the receipt of its event in the log as it is now',
    standardSchema: entryStored,
  })
  @Problems('bundle.unknown', 'storage.full')
  async register(@Body({ schema: entryRequest }) request: EntryRequest): Promise<EntryStored> {
    const { receipt, ...stored } = await this.data.registerEntry(request);
    return { ...stored, receipt: receiptJson(receipt) };
  }

  @Get()
  @Clients('verifier', 'operator')
  @ApiOperation({ summary: 'List entries, oldest first' })
  @ApiOkResponse({ description: 'A page', standardSchema: entryPage })
  list(
    @Query({ schema: entryQuery }) { cursor, limit, ...filter }: z.output<typeof entryQuery>,
  ): Promise<Page<EntryRecord>> {
    return this.data.store.listEntries({ cursor, limit }, filter);
  }

  /** Applies to an entry, or to all entries of a bundle; likewise `erase`. */
  @Put(':id/hold')
  @Clients('operator')
  @ApiOperation({ summary: 'Set or end the legal hold of an entry, or of all entries of a bundle' })
  @ApiOkResponse({ description: 'The entries as they are now', standardSchema: heldEntries })
  @Problems('entry.unknown', 'storage.full')
  async hold(
    @Param('id', { schema: pathPart }) id: string,
    @Body({ schema: holdRequest }) { held }: z.output<typeof holdRequest>,
  ): Promise<HeldEntries> {
    return { items: await this.data.store.setLegalHold(id, held) };
  }

  @Post(':id/erase')
  @HttpCode(200)
  @Clients('operator')
  @ApiOperation({ summary: 'Erase the bundle of an entry, for good' })
  @ApiOkResponse({ description: 'When it was erased', standardSchema: erasureRecord })
  @Problems('entry.unknown', 'bundle.held', 'bundle.shared', 'snapshot.busy', 'storage.full')
  erase(
    @Param('id', { schema: pathPart }) id: string,
    @Body({ schema: eraseRequest }) { reason }: z.output<typeof eraseRequest>,
  ): Promise<ErasureRecord> {
    return this.data.eraseBundle(id, reason);
  }

  @Get(':id')
  @Clients('verifier', 'operator')
  @ApiOperation({ summary: 'One entry' })
  @ApiOkResponse({ description: 'The entry', standardSchema: entryRecord })
  @Problems('entry.unknown')
  async find(@Param('id', { schema: pathPart }) id: string): Promise<EntryRecord> {
    const entry = await this.data.store.findEntry(id);
    if (!entry) throw new CapError('entry.unknown', `no entry ${id.slice(0, 200)}`);
    return entry;
  }
}
