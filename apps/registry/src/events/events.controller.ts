import { Body, Controller, Get, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CapError } from '@cap/core';
import {
  EVENT_REPORTERS,
  type EventPage,
  eventQuery,
  type EventRecord,
  eventRequest,
  type EventRequest,
  eventPage,
  eventRecord,
} from '@cap/contracts';
import { Clients, CurrentPrincipal, type Principal, Problems } from '@cap/service-kit';
import { RegistryData } from '@cap/storage';
import type { z } from 'zod';

@ApiTags('log')
@Controller('v1/events')
export class EventsController {
  constructor(private readonly data: RegistryData) {}

  @Get()
  @Clients('verifier', 'backup', 'operator')
  @ApiOperation({ summary: 'Events of the log, oldest first' })
  @ApiOkResponse({ description: 'A page', standardSchema: eventPage })
  async list(@Query({ schema: eventQuery }) { from, limit }: z.output<typeof eventQuery>): Promise<EventPage> {
    const { log_size } = await this.data.store.totals();
    // The log may have grown since; a page never shows more than the size that it names.
    const items = (await this.data.store.listEvents(from, limit)).filter((event) => event.seq < log_size);
    const next = from + items.length;
    return { items, next_from: next < log_size && items.length > 0 ? next : null, log_size };
  }

  @Post()
  @Clients('backup', 'operator')
  @ApiOperation({
    summary: 'Append an event reported by a backup, or imported by an operator from an older registry',
  })
  @ApiCreatedResponse({ description: 'The event', standardSchema: eventRecord })
  @Problems('storage.full')
  append(
    @Body({ schema: eventRequest }) { event, details }: EventRequest,
    @CurrentPrincipal() { client }: Principal,
  ): Promise<EventRecord> {
    const reporter = EVENT_REPORTERS[event];
    if (client !== reporter) throw new CapError('auth.scope', `Only the client ${reporter} may add ${event} events.`);
    return this.data.store.appendEvent(event, details);
  }
}
