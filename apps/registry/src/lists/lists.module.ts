import { Module } from '@nestjs/common';
import { ListsController } from './lists.controller.js';
import { ListsService } from './lists.service.js';

/** Reference lists by hash. */
@Module({ controllers: [ListsController], providers: [ListsService] })
export class ListsModule {}
