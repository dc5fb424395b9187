import { Controller, Get, Post } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { BackupListing } from '@cap/backup';
import { backupList, type BackupMade, backupMade } from '@cap/contracts';
import { CapError, isCapError, isRemoteError, type RemoteAnswer } from '@cap/core';
import { Clients, Scopes, Problems } from '@cap/service-kit';
import { BackupRuns } from './backup-runs.js';

const RETRY_AFTER_SECONDS = 30;

@ApiTags('backups')
@Controller('v1/backups')
export class BackupsController {
  constructor(private readonly runs: BackupRuns) {}

  /** Answers once the backup was read back, verified and drilled. */
  @Post()
  @Scopes('backup:run')
  @Clients('operator')
  @ApiOperation({
    summary: 'Make a backup now',
    description: 'Answers once the backup was read back, verified and drilled.',
  })
  @ApiCreatedResponse({ description: 'The backup', standardSchema: backupMade })
  @Problems('registry.unavailable', 'overloaded', 'storage.full')
  async create(): Promise<BackupMade> {
    try {
      return await this.runs.run();
    } catch (error) {
      throw explained(error);
    }
  }

  @Get()
  @Scopes('backup:run')
  @Clients('operator')
  @ApiOperation({ summary: 'List backups' })
  @ApiOkResponse({ description: 'Newest first', standardSchema: backupList })
  async list(): Promise<{ items: BackupListing['backups']; strange: BackupListing['strange'] }> {
    const { backups, strange } = await this.runs.list();
    return { items: backups, strange };
  }
}

/** A caller who may run backups operates this machine, so they are told what failed on it. */
function explained(error: unknown): unknown {
  if (error instanceof Error && error.name === 'AbortError')
    return new CapError('overloaded', 'The service is shutting down; the backup was aborted.', { cause: error });
  if (isRemoteError(error)) return ofRegistry(error);
  if (!isCapError(error) || error.code === 'storage.full') return error;
  const { code, kind, message, cause } = error;
  return kind === 'busy'
    ? new CapError(code, message, { retryAfter: RETRY_AFTER_SECONDS, cause })
    : new CapError(code, message, { status: 500, expose: true, cause });
}

/** The registry's own code and message, unless these would seem to be about the operator's request. */
function ofRegistry(cause: CapError & { remote: RemoteAnswer }): CapError {
  const { status, code, message, retryAfter, remote } = cause;
  if (code === 'registry.unavailable') return new CapError(code, message, { cause });
  if (status === 503)
    return new CapError(code, message, { status, retryAfter: retryAfter ?? RETRY_AFTER_SECONDS, cause });
  if (status === 507) return new CapError(code, message, { status, cause });
  const said =
    status === 401 || status === 403
      ? `The registry does not accept the token of the worker (registry.token): ${remote.code}: ${message}`
      : `The registry answers ${status} ${remote.code}: ${message}`;
  return new CapError('registry.unavailable', said, { cause });
}
