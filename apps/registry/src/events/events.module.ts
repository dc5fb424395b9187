import { Module } from '@nestjs/common';
import { EventsController } from './events.controller.js';

/** The events of the log, one for each change of state. */
@Module({ controllers: [EventsController] })
export class EventsModule {}
