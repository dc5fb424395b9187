import { Controller, Get, Inject, Post } from '@nestjs/common';
import { type EventPage, eventQuery, type EventRecord, eventRequest, type EventRequest } from '@cap/contracts';
import { Clients, CurrentPrincipal, type Principal, ProblemError, ZodBody, ZodQuery } from '@cap/service-kit';
import { RegistryData } from '@cap/storage';
import { type z } from 'zod';

@Controller('v1/events')
export class EventsController {
  constructor(@Inject(RegistryData) private readonly data: RegistryData) {}

  @Get()
  @Clients('verifier', 'backup', 'operator')
  async list(@ZodQuery(eventQuery) { from, limit }: z.output<typeof eventQuery>): Promise<EventPage> {
    const { log_size } = await this.data.store.totals();
    // The log may have grown since; a page never shows more than the size that it names.
    const items = (await this.data.store.listEvents(from, limit)).filter((event) => event.seq < log_size);
    const next = from + items.length;
    return { items, next_from: next < log_size && items.length > 0 ? next : null, log_size };
  }

  @Post()
  @Clients('backup', 'operator')
  append(
    @ZodBody(eventRequest) { event, details }: EventRequest,
    @CurrentPrincipal() { client }: Principal,
  ): Promise<EventRecord> {
    const whose = event.startsWith('backup.') ? 'backup' : 'operator';
    if (client !== whose) throw new ProblemError('auth.scope', `${event} is for the client ${whose} to say.`);
    return this.data.store.appendEvent(event, details);
  }
}
