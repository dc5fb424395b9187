import { Module } from '@nestjs/common';
import { BlobsController } from './blobs.controller.js';

/** Bundles, lists and answers by the hash of their bytes. */
@Module({ controllers: [BlobsController] })
export class BlobsModule {}
