import type { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import type { Config } from '@cap/config';
import type { ListRecord, ListRequest, ListStored, Page, PageRequest } from '@cap/contracts';
import { CapError } from '@cap/core';
import { parseUsableList } from '@cap/lists/reference-lists';
import { RegistryData, type StoredList } from '@cap/storage';

@Injectable()
export class ListsService {
  constructor(
    private readonly data: RegistryData,
    private readonly config: ConfigService<Config, true>,
  ) {}

  /** CapError list.invalid with every bad row; list.empty if nothing can match it; list.conflict if the content is known under another id. */
  async store({ id, kind, as_of, content }: ListRequest): Promise<ListStored> {
    const bytes = Buffer.from(content, 'base64');
    const { list, parsed } = parseUsableList(kind, bytes, id);
    // Kept only once a list row refers to it: a refused one expires like any upload.
    const { blob_id, size } = await this.data.putBlob(chunksOf(bytes), {
      maxBytes: this.config.get('limits', { infer: true }).json_bytes,
      retain: 'upload',
    });
    const { record, created } = await this.data.store.storeList({
      hash: list.hash,
      id,
      kind,
      as_of,
      blob_id,
      size,
      entries: parsed.entries.length,
      unmatchable: parsed.unmatchable,
    });
    return { list: toRecord(record), created };
  }

  async list(page: PageRequest, filter: { id?: string | undefined }): Promise<Page<ListRecord>> {
    const { items, next_cursor } = await this.data.store.listLists(page, filter);
    return { items: items.map(toRecord), next_cursor };
  }

  async find(hash: string): Promise<ListRecord> {
    return toRecord(await this.#stored(hash));
  }

  /** CapError list.unknown. */
  async withdraw(hash: string, reason: string): Promise<ListRecord> {
    await this.data.store.withdrawList(hash, reason);
    return this.find(hash);
  }

  async content(hash: string): Promise<{ body: Readable; size: number }> {
    const { blob_id, size } = await this.#stored(hash);
    const body = await this.data.readBlob(blob_id);
    if (!body) throw new CapError('blob.missing', `the content of list ${hash} is missing`);
    return { body, size };
  }

  async #stored(hash: string): Promise<StoredList> {
    const list = await this.data.store.findList(hash);
    if (!list) throw new CapError('list.unknown', `no reference list ${hash.slice(0, 200)}`);
    return list;
  }
}

async function* chunksOf(bytes: Uint8Array) {
  yield bytes;
}

const toRecord = ({ blob_id: _where, ...record }: StoredList): ListRecord => record;
