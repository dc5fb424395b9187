import { Module } from '@nestjs/common';
import { SnapshotsController } from './snapshots.controller.js';

/** Consistent states for a backup. */
@Module({ controllers: [SnapshotsController] })
export class SnapshotsModule {}
