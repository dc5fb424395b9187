import { Injectable } from '@nestjs/common';
import type { CallContext, ListQuery, ListRecord, ListRequest, ListStored, ListWithdrawal, Page } from '@cap/contracts';
import { CapError, isCapError } from '@cap/core';
import { parseUsableList } from '@cap/lists/reference-lists';
import { RegistryConnection } from '@cap/service-kit';

@Injectable()
export class ListsService {
  constructor(private readonly registry: RegistryConnection) {}

  /** Parsed here too, so that every bad row is named to whoever sent it. */
  async publish(list: ListRequest, context: CallContext): Promise<ListStored> {
    refuseBadRows(list);
    return this.registry.client.storeList(list, context);
  }

  list(query: ListQuery, context: CallContext): Promise<Page<ListRecord>> {
    return this.registry.client.lists(query, context);
  }

  /** CapError list.unknown. */
  async find(hash: string, context: CallContext): Promise<ListRecord> {
    const record = await this.registry.client.findList(hash, context);
    if (!record) throw new CapError('list.unknown', `There is no reference list ${hash.slice(0, 100)}.`);
    return record;
  }

  /** The CSV as it was published. */
  content(hash: string, context: CallContext): Promise<Buffer | null> {
    return this.registry.client.findListContent(hash, context);
  }

  withdraw(hash: string, withdrawal: ListWithdrawal, context: CallContext): Promise<ListRecord> {
    return this.registry.client.withdrawList(hash, withdrawal, context);
  }
}

function refuseBadRows({ id, kind, content }: ListRequest): void {
  try {
    parseUsableList(kind, Buffer.from(content, 'base64'), id);
  } catch (error) {
    if (!isCapError(error)) throw error;
    if (error.code === 'list.empty') throw new CapError('list.empty', error.message, { cause: error });
    const errors = Array.isArray(error.details) ? error.details : undefined;
    throw new CapError('request.schema', error.message, { details: errors, cause: error });
  }
}
