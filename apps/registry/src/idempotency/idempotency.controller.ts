import type { Readable } from 'node:stream';
import { digest } from '@cap/core';
import { Body, Controller, Delete, HttpCode, Param, Post, Put, Query } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import {
  answerQuery,
  keyRequest,
  type KeyRequest,
  type KeyState,
  leaseRequest,
  type LeaseRequest,
  releaseQuery,
  keyState,
} from '@cap/contracts';
import type { Digest } from '@cap/crypto';
import { Clients, Problems } from '@cap/service-kit';
import { RegistryData } from '@cap/storage';
import type { z } from 'zod';
import { BlobBody, pieces } from '../blobs/body.js';

/** The largest answer contains a proof in base64. */
const MAX_ANSWER_BYTES = 64_000_000;

/** Keys under which the public API processes a request once, whichever replica it reaches. */
@ApiTags('idempotency')
@Controller('v1/idempotency-keys')
@Clients('verifier')
export class IdempotencyController {
  constructor(private readonly data: RegistryData) {}

  @Post()
  @HttpCode(200)
  @ApiOperation({ summary: 'Reserve a key for a request' })
  @ApiOkResponse({ description: 'The stored answer, or null: process the request', standardSchema: keyState })
  @Problems('idempotency.mismatch', 'idempotency.in-flight', 'storage.full')
  async reserve(@Body({ schema: keyRequest }) request: KeyRequest): Promise<KeyState> {
    return { answer: await this.data.store.idempotency.reserve(request) };
  }

  @Put(':id/lease')
  @HttpCode(204)
  @ApiOperation({ summary: 'Keep a reserved key for longer' })
  @ApiNoContentResponse({ description: 'Done' })
  @Problems('idempotency.in-flight')
  async renew(
    @Param('id', { schema: digest }) id: Digest,
    @Body({ schema: leaseRequest }) lease: LeaseRequest,
  ): Promise<void> {
    await this.data.store.idempotency.renew(id, lease);
  }

  @Put(':id/answer')
  @HttpCode(204)
  @ApiOperation({ summary: 'Keep the answer under its key', description: 'The body is the body of the answer.' })
  @BlobBody()
  @ApiNoContentResponse({ description: 'Kept' })
  @Problems('idempotency.in-flight', 'storage.full')
  async finish(
    @Param('id', { schema: digest }) key_id: Digest,
    @Query({ schema: answerQuery }) { lease_id, status }: z.output<typeof answerQuery>,
    @Body() body: Readable,
  ): Promise<void> {
    await this.data.storeAnswer({ key_id, lease_id, status }, pieces(body), MAX_ANSWER_BYTES);
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ summary: 'Release a reserved key' })
  @ApiNoContentResponse({ description: 'Done' })
  async release(
    @Param('id', { schema: digest }) id: Digest,
    @Query({ schema: releaseQuery }) { lease_id }: z.output<typeof releaseQuery>,
  ): Promise<void> {
    await this.data.store.idempotency.release(id, lease_id);
  }
}
