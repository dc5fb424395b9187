import { Readable } from 'node:stream';
import { Controller, Get, Head, Headers, HttpCode, Inject, Post, Put, Req, Res } from '@nestjs/common';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { type Config } from '@cap/config';
import {
  blobPutQuery,
  type BlobRecord,
  type CollectedRecord,
  collectRequest,
  digest,
  type Page,
  pageQuery,
} from '@cap/contracts';
import { type Digest } from '@cap/crypto';
import {
  Clients,
  CONFIG,
  holderOf,
  ParsesRequest,
  ProblemError,
  Produces,
  Shares,
  ZodBody,
  ZodParam,
  ZodQuery,
} from '@cap/service-kit';
import { RegistryData, type StoredBlob } from '@cap/storage';
import { type z } from 'zod';
import { describeBytes, requestedRange } from '../range.js';
import { BLOB_MEDIA_TYPE, pieces } from './body.js';

@Controller('v1/blobs')
export class BlobsController {
  readonly #slots: Shares;

  constructor(
    @Inject(RegistryData) private readonly data: RegistryData,
    @Inject(CONFIG) private readonly config: Config,
  ) {
    const { uploads_at_once: all, uploads_per_subject: each } = config.limits;
    this.#slots = new Shares(
      { all, each },
      {
        all: `${all} BLOBs are being received already.`,
        each: `${each} BLOBs of this client are being received already.`,
      },
    );
  }

  @Put()
  @Clients('verifier', 'operator')
  @ParsesRequest()
  async put(
    @ZodQuery(blobPutQuery) { retain }: z.output<typeof blobPutQuery>,
    @Req() request: FastifyRequest,
  ): Promise<BlobRecord> {
    if (!(request.body instanceof Readable))
      throw new ProblemError('request.media-type', `Expected a body of ${BLOB_MEDIA_TYPE}.`);
    const holder = holderOf(request);
    this.#slots.take(holder, 1);
    try {
      const { bundle_bytes: maxBytes } = this.config.limits;
      return await this.data.putBlob(pieces(request.body), { maxBytes, retain });
    } finally {
      this.#slots.giveBack(holder, 1);
    }
  }

  @Get()
  @Clients('operator')
  async list(@ZodQuery(pageQuery) page: z.output<typeof pageQuery>): Promise<Page<BlobRecord>> {
    const { items, next_cursor } = await this.data.store.listBlobs(page);
    return { items: items.map(({ blob_id, size }) => ({ blob_id, size })), next_cursor };
  }

  @Post('collect')
  @HttpCode(200)
  @Clients('operator')
  collect(
    @ZodBody(collectRequest) { grace_hours, dry_run }: z.output<typeof collectRequest>,
  ): Promise<CollectedRecord> {
    const graceMs = grace_hours === undefined ? undefined : grace_hours * 3_600_000;
    return this.data.collect({ graceMs, dryRun: dry_run });
  }

  // Before GET: the framework's own HEAD would read and hash the whole BLOB.
  @Head(':id')
  @Produces(BLOB_MEDIA_TYPE)
  @Clients('verifier', 'backup', 'operator')
  async head(@ZodParam('id', digest) id: Digest, @Res({ passthrough: true }) reply: FastifyReply): Promise<void> {
    const { size } = await this.#known(id);
    describeBytes(reply, size, undefined);
  }

  @Get(':id')
  @Produces(BLOB_MEDIA_TYPE)
  @Clients('verifier', 'backup', 'operator')
  async get(
    @ZodParam('id', digest) id: Digest,
    @Headers('range') header: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Readable> {
    const { size } = await this.#known(id);
    const range = requestedRange(header, size);
    const body = await this.data.readBlob(id, range);
    if (!body) throw await this.data.unknownBlob(id);
    describeBytes(reply, size, range);
    return body;
  }

  async #known(id: Digest): Promise<StoredBlob> {
    const blob = await this.data.store.findBlob(id);
    if (!blob) throw await this.data.unknownBlob(id);
    return blob;
  }
}
