import type { Readable } from 'node:stream';
import { digest } from '@cap/core';
import { Body, Controller, Get, Head, Headers, HttpCode, Param, Post, Put, Query, Req, Res } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Config } from '@cap/config';
import {
  blobPutQuery,
  type BlobRecord,
  type CollectionResult,
  collectRequest,
  type Page,
  pageQuery,
  blobRecord,
  blobPage,
  collectionResult,
} from '@cap/contracts';
import type { Digest } from '@cap/crypto';
import { Clients, requesterOf, Produces, SharedQuota, Problems } from '@cap/service-kit';
import { RegistryData, type StoredBlob } from '@cap/storage';
import type { z } from 'zod';
import { requestedRange, setRangeHeaders } from './range.js';
import { BLOB_BODY, BlobAnswer, BlobBody, pieces } from './body.js';

@ApiTags('blobs')
@Controller('v1/blobs')
export class BlobsController {
  readonly #slots: SharedQuota;
  readonly #maxBytes: number;

  constructor(
    private readonly data: RegistryData,
    config: ConfigService<Config, true>,
  ) {
    const {
      uploads_at_once: total,
      uploads_per_subject: perRequester,
      bundle_bytes,
    } = config.get('limits', { infer: true });
    this.#maxBytes = bundle_bytes;
    this.#slots = new SharedQuota(
      { total, perRequester },
      {
        total: `${total} BLOB uploads are already in progress.`,
        perRequester: `${perRequester} BLOB uploads of this client are already in progress.`,
      },
    );
  }

  @Put()
  @Clients('verifier', 'operator')
  @ApiOperation({
    summary: 'Store a BLOB',
    description: '`retain=upload` keeps it for 24 h unless something refers to it.',
  })
  @BlobBody()
  @ApiOkResponse({ description: 'Stored, or there already', standardSchema: blobRecord })
  @Problems('rate.limited', 'storage.full', 'bundle.erased')
  async put(
    @Query({ schema: blobPutQuery }) { retain }: z.output<typeof blobPutQuery>,
    @Body() body: Readable,
    @Req() request: FastifyRequest,
  ): Promise<BlobRecord> {
    const requester = requesterOf(request);
    this.#slots.acquire(requester, 1);
    try {
      return await this.data.putBlob(pieces(body), { maxBytes: this.#maxBytes, retain });
    } finally {
      this.#slots.release(requester, 1);
    }
  }

  @Get()
  @Clients('operator')
  @ApiOperation({ summary: 'List BLOBs' })
  @ApiOkResponse({ description: 'A page', standardSchema: blobPage })
  async list(@Query({ schema: pageQuery }) page: z.output<typeof pageQuery>): Promise<Page<BlobRecord>> {
    const { items, next_cursor } = await this.data.store.listBlobs(page);
    return { items: items.map(({ blob_id, size }) => ({ blob_id, size })), next_cursor };
  }

  @Post('collect')
  @HttpCode(200)
  @Clients('operator')
  @ApiOperation({ summary: 'Move BLOBs that nothing refers to into the trash, and purge what is old from it' })
  @ApiOkResponse({ description: 'How many were moved, or would be', standardSchema: collectionResult })
  collect(@Body({ schema: collectRequest }) request: z.output<typeof collectRequest>): Promise<CollectionResult> {
    return this.data.collect(request);
  }

  // Before GET: the framework's own HEAD would read and hash the whole BLOB.
  @Head(':id')
  @Produces(BLOB_BODY.mediaType)
  @Clients('verifier', 'backup', 'operator')
  @ApiOperation({ summary: 'The size of a BLOB' })
  @ApiOkResponse({ description: 'It is there; content-length is its size' })
  @Problems('bundle.unknown')
  async head(
    @Param('id', { schema: digest }) id: Digest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    const { size } = await this.#known(id);
    setRangeHeaders(reply, size, undefined);
  }

  @Get(':id')
  @Produces(BLOB_BODY.mediaType)
  @Clients('verifier', 'backup', 'operator')
  @ApiOperation({ summary: 'The bytes of a BLOB' })
  @BlobAnswer()
  @Problems('bundle.unknown')
  async get(
    @Param('id', { schema: digest }) id: Digest,
    @Headers('range') header: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Readable> {
    const { size } = await this.#known(id);
    const range = requestedRange(header, size);
    const body = await this.data.readBlob(id, range);
    if (!body) throw await this.data.missingBlobError(id);
    setRangeHeaders(reply, size, range);
    return body;
  }

  async #known(id: Digest): Promise<StoredBlob> {
    const blob = await this.data.store.findBlob(id);
    if (!blob) throw await this.data.missingBlobError(id);
    return blob;
  }
}
