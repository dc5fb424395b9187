import type { z } from 'zod';
import { Controller, Get, Inject, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import {
  type CheckpointRecord,
  consistencyQuery,
  type ConsistencyRecord,
  inclusionQuery,
  type ReceiptRecord,
  checkpointRecord,
  consistencyRecord,
  receipt,
} from '@cap/contracts';
import { receiptJson } from '@cap/tlog';
import { consistencyProofJson } from '@cap/tlog/consistency';
import { Clients, Problems } from '@cap/service-kit';
import { RegistryData } from '@cap/storage';
import { LOG_KEYS, type LogKeys } from '../storage/log-keys.js';

@ApiTags('log')
@Controller('v1/log')
@Clients('verifier', 'backup', 'operator')
export class LogController {
  constructor(
    private readonly data: RegistryData,
    @Inject(LOG_KEYS) private readonly keys: LogKeys,
  ) {}

  @Get('checkpoint')
  @ApiOperation({ summary: 'The current checkpoint' })
  @ApiOkResponse({ description: 'The checkpoint', standardSchema: checkpointRecord })
  async checkpoint(): Promise<CheckpointRecord> {
    const { size, root, note } = await this.data.log.checkpoint();
    return {
      origin: this.data.log.origin,
      tree_size: size,
      root_hash: root.toString('base64'),
      checkpoint: note,
      verifier_keys: this.keys.verifierKeys,
    };
  }

  @Get('inclusion')
  @ApiOperation({ summary: 'The receipt of an event of the log' })
  @ApiOkResponse({ description: 'The receipt', standardSchema: receipt })
  @Problems('entry.unknown')
  async inclusion(
    @Query({ schema: inclusionQuery }) { log_index, tree_size }: z.output<typeof inclusionQuery>,
  ): Promise<ReceiptRecord> {
    return receiptJson(await this.data.log.receipt(log_index, tree_size));
  }

  @Get('consistency')
  @ApiOperation({ summary: 'Consistency proof: the log of `from` events is a prefix of that of `to`' })
  @ApiOkResponse({ description: 'The proof, with the checkpoint of the newer log', standardSchema: consistencyRecord })
  @Problems('entry.unknown')
  async consistency(
    @Query({ schema: consistencyQuery }) { from, to }: z.output<typeof consistencyQuery>,
  ): Promise<ConsistencyRecord> {
    return consistencyProofJson(await this.data.log.consistency(from, to));
  }
}
