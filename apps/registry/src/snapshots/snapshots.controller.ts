import type { Readable } from 'node:stream';
import { Controller, Delete, Get, Headers, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import {
  type BlobRecord,
  type Page,
  pageQuery,
  pathPart,
  type SnapshotRecord,
  snapshotRecord,
  blobPage,
} from '@cap/contracts';
import { Clients, Logs, type ModuleLog, Produces, Problems } from '@cap/service-kit';
import { RegistryData } from '@cap/storage';
import type { z } from 'zod';
import { BLOB_BODY, BlobAnswer } from '../blobs/body.js';
import { requestedRange, setRangeHeaders } from '../blobs/range.js';

@ApiTags('snapshots')
@Controller('v1/snapshots')
@Clients('backup')
export class SnapshotsController {
  readonly #log: ModuleLog;

  constructor(
    private readonly data: RegistryData,
    logs: Logs,
  ) {
    this.#log = logs.for('snapshots');
  }

  /** Logs two lines at info for a whole backup; its requests, one for each BLOB, are not logged. */
  @Post()
  @ApiOperation({ summary: 'Lease a snapshot of database and BLOBs' })
  @ApiCreatedResponse({ description: 'The lease', standardSchema: snapshotRecord })
  @Problems('snapshot.busy', 'overloaded', 'storage.full')
  async create(): Promise<SnapshotRecord> {
    const snapshot = await this.data.createSnapshot();
    const { id, log_size, database_size, blobs, blob_bytes } = snapshot;
    this.#log.info('snapshot created', { id, log_size, database_size, blobs, blob_bytes });
    return snapshot;
  }

  @Get(':id/database')
  @Produces(BLOB_BODY.mediaType)
  @ApiOperation({ summary: 'The database of a snapshot' })
  @BlobAnswer()
  @Problems('snapshot.unknown')
  async database(
    @Param('id', { schema: pathPart }) id: string,
    @Headers('range') header: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Readable> {
    const { database_size } = await this.data.snapshots.find(id);
    const range = requestedRange(header, database_size);
    const body = await this.data.snapshots.database(id, range);
    setRangeHeaders(reply, database_size, range);
    return body;
  }

  @Get(':id/blobs')
  @ApiOperation({ summary: 'The BLOBs that a snapshot refers to' })
  @ApiOkResponse({ description: 'A page', standardSchema: blobPage })
  @Problems('snapshot.unknown')
  blobs(
    @Param('id', { schema: pathPart }) id: string,
    @Query({ schema: pageQuery }) page: z.output<typeof pageQuery>,
  ): Promise<Page<BlobRecord>> {
    return this.data.snapshots.blobs(id, page);
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ summary: 'Release a snapshot lease' })
  @ApiNoContentResponse({ description: 'Done' })
  async release(@Param('id', { schema: pathPart }) id: string): Promise<void> {
    await this.data.snapshots.release(id);
    this.#log.info('snapshot released', { id });
  }
}
