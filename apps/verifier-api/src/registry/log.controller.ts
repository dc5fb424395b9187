import { Controller, Get, Query, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { CapError } from '@cap/core';
import {
  type CallContext,
  checkpointRecord,
  type CheckpointRecord,
  consistencyQuery,
  consistencyRecord,
  type ConsistencyRecord,
  receipt,
  type ReceiptRecord,
} from '@cap/contracts';
import { Caller, Problems, RegistryConnection, Scopes } from '@cap/service-kit';
import { contentTag, answerNotModified } from './conditional.js';
import { AsksRegistry, TaggedAnswer } from '../openapi/decorators.js';
import { noQuery, publicInclusionQuery } from './schemas.js';

/** The log's proofs, as the registry gives them: whoever gets them needs only the log's public key to check them. */
@ApiTags('registry')
@Controller('registry')
export class LogController {
  constructor(private readonly registry: RegistryConnection) {}

  @Get('checkpoint')
  @Scopes('verify:read')
  @ApiOperation({ summary: "The current checkpoint: size and root of the log's tree" })
  @TaggedAnswer({ description: 'The checkpoint', standardSchema: checkpointRecord })
  @AsksRegistry()
  async checkpoint(
    @Query({ schema: noQuery }) _query: unknown,
    @Caller() context: CallContext,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CheckpointRecord | undefined> {
    const checkpoint = await this.registry.client.checkpoint(context);
    return answerNotModified(request, reply, contentTag(checkpoint)) ? undefined : checkpoint;
  }

  @Get('proof/inclusion')
  @Scopes('verify:read')
  @ApiOperation({ summary: 'The receipt of an entry (entry_id), or of any event of the log (log_index)' })
  @ApiOkResponse({ description: 'The receipt', standardSchema: receipt })
  @AsksRegistry()
  @Problems('entry.unknown')
  async inclusion(
    @Query({ schema: publicInclusionQuery }) { entry_id, log_index, tree_size }: z.output<typeof publicInclusionQuery>,
    @Caller() context: CallContext,
  ): Promise<ReceiptRecord> {
    const index = log_index ?? (await this.#indexOf(entry_id!, context));
    return this.registry.client.inclusion({ log_index: index, tree_size }, context);
  }

  @Get('proof/consistency')
  @Scopes('verify:read')
  @ApiOperation({ summary: 'Consistency proof: the log of `from` events is a prefix of that of `to`' })
  @ApiOkResponse({
    description: 'The proof, with the checkpoint of the newer log',
    standardSchema: consistencyRecord,
  })
  @AsksRegistry()
  consistency(
    @Query({ schema: consistencyQuery }) query: z.output<typeof consistencyQuery>,
    @Caller() context: CallContext,
  ): Promise<ConsistencyRecord> {
    return this.registry.client.consistency(query, context);
  }

  async #indexOf(entryId: string, context: CallContext): Promise<number> {
    const entry = await this.registry.client.findEntry(entryId, context);
    if (!entry) throw new CapError('entry.unknown', `There is no entry ${entryId.slice(0, 100)}.`);
    return entry.log_index;
  }
}
