import { randomBytes } from 'node:crypto';
import { mkdtemp, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { EntryRecord, PageRequest } from '@cap/contracts';
import { CapError } from '@cap/core';
import { writeError, writeFileDurable } from '@cap/core/files';
import { rfc3339, signEnvelope, streamingSha3 } from '@cap/crypto';
import { loadSigningKey, requireUsage } from '@cap/crypto/key-files';
import { writeZip } from '@cap/proof/zip';
import { type ChainEvent, eventLeaf, parseCheckpoint } from '@cap/tlog';
import { leafHash } from '@cap/tlog/merkle';
import { spreadsheetLine } from '../csv.js';
import { exists } from '../input.js';
import { type CliIo, printResult, progress, progressDone } from '../io.js';
import { keyDirectory, keyPassphrase, type KeyLocation } from '../keys/key-directory.js';
import { writeOutput } from '../output.js';
import { entryFilter, type EntryFilter } from '../registry/entry-filter.js';
import { type RegistryAddress, withRegistry } from '../registry/open-registry.js';
import { allEvents, allItems, type Registry } from '../registry/registry.js';
import {
  canonical,
  COLUMNS,
  type ExportedEntry,
  type ExportHead,
  HEAD,
  mask,
  maskEvent,
  PAYLOAD_TYPE,
  SCHEMA,
  SIGNATURE,
} from './export-format.js';

type ExportOptions = RegistryAddress &
  KeyLocation &
  Parameters<typeof entryFilter>[0] & { out: string; key?: string; mask?: true; json?: true };

/** A zip is built in memory; a larger export goes into a directory. */
const MAX_ZIP_BYTES = 1_000_000_000;

/** Writes events, entries and proofs of a registry, signed, as a zip or a directory. */
export async function exportRegistry(io: CliIo, options: ExportOptions): Promise<void> {
  if (options.key === undefined)
    throw new CapError('option.missing', '--key is required: the export of a registry is signed');
  if (options.out === '-') throw new CapError('option.missing', '--out is required: FILE.zip or a directory');
  const key = await loadSigningKey(keyDirectory(options), options.key, io.now(), await keyPassphrase(io));
  requireUsage(key.record, 'audit');
  if ((await exists(options.out)) && (!options.out.endsWith('.zip') || (await isReadableDirectory(options.out))))
    throw new CapError('output.exists', `${options.out} already exists`);
  const salt = randomBytes(16).toString('hex');
  const head = await withRegistry(io, options, async (registry) => {
    const staging = await makeStagingDirectory(options.out);
    try {
      const settings = { filter: entryFilter(options), salt: options.mask ? salt : null, now: io.now() };
      const head = await new RegistryExport(registry, staging, settings, (count) =>
        progress(io, `${count} events`),
      ).write();
      const bytes = Buffer.from(canonical(head));
      await writeFileDurable(path.join(staging, HEAD), bytes, { mode: 0o600 });
      const signature = canonical(signEnvelope(PAYLOAD_TYPE, bytes, [key]));
      await writeFileDurable(path.join(staging, SIGNATURE), signature, { mode: 0o600 });
      await publish(io, staging, options.out, head);
      return head;
    } finally {
      await rm(staging, { recursive: true, force: true });
    }
  });
  progressDone(io);
  const { events, entries, complete, masked } = head;
  const result = { file: options.out, events, entries, complete, masked, signed_by: key.kid };
  printResult(
    io,
    options,
    masked ? { ...result, mask_salt: salt } : result,
    () =>
      `${options.out}  ${events} events, ${entries} entries, ${complete ? 'complete' : 'filtered'}, signed by ${key.kid}`,
  );
}

async function isReadableDirectory(name: string): Promise<boolean> {
  return readdir(name).then(
    () => true,
    () => false,
  );
}

const makeStagingDirectory = (out: string): Promise<string> =>
  mkdtemp(`${path.resolve(out)}.tmp-`).catch((cause: unknown) => {
    throw writeError(out, cause);
  });

async function publish(io: CliIo, staging: string, out: string, head: ExportHead): Promise<void> {
  if (!out.endsWith('.zip')) return rename(staging, out);
  if (head.files.reduce((sum, { size }) => sum + size, 0) > MAX_ZIP_BYTES)
    throw new CapError('export.too-large', 'the export is too large for a zip: give a directory as --out');
  const names = [HEAD, SIGNATURE, ...head.files.map((file) => file.path)];
  const files = await Promise.all(
    names.map(async (name) => ({ name, bytes: await readFile(path.join(staging, name)) })),
  );
  await writeOutput(io, out, writeZip(files, new Date(head.created_at)), { mode: 0o600 });
}

interface Settings {
  filter: EntryFilter;
  /** Null to mask nothing. */
  salt: string | null;
  now: Date;
}

/** One pass over the log and its entries, which are in the same order. */
class RegistryExport {
  constructor(
    private readonly registry: Registry,
    private readonly directory: string,
    private readonly settings: Settings,
    private readonly onProgress: (events: number) => void,
  ) {}

  async write(): Promise<ExportHead> {
    const { filter, salt, now } = this.settings;
    const note = await this.registry.checkpoint();
    const { size } = parseCheckpoint(note);
    const range = await this.#range(size, filter);
    const whole = range !== null && range.first === 0 && range.last === size - 1;
    const { files, events, entries } = await this.#files(size, range, filter, whole);
    return {
      schema: SCHEMA,
      created_at: rfc3339(now),
      checkpoint: note,
      range,
      filter: salt === null ? filter : maskFilter(filter, salt),
      complete: Object.keys(filter).length === 0,
      masked: salt !== null,
      events,
      entries,
      files,
    };
  }

  /** From the first to the last event in the given period; a clock may have gone back between them. */
  async #range(size: number, { from, to }: EntryFilter): Promise<ExportHead['range']> {
    if (size === 0) return null;
    if (from === undefined && to === undefined) return { first: 0, last: size - 1 };
    let first: number | undefined;
    let last = -1;
    for await (const { seq, ts } of allEvents(this.registry)) {
      if (seq >= size) break;
      const [time, low, high] = [ts, from, to].map((text) => (text === undefined ? undefined : Date.parse(text)));
      if ((low !== undefined && time! < low) || (high !== undefined && time! >= high)) continue;
      first ??= seq;
      last = seq;
    }
    return first === undefined ? null : { first, last };
  }

  async #files(size: number, range: ExportHead['range'], filter: EntryFilter, whole: boolean) {
    const events = await OutputFile.open(this.directory, 'events.jsonl');
    const entries = await OutputFile.open(this.directory, 'entries.jsonl');
    const table = await OutputFile.open(this.directory, 'entries.csv');
    const proofs = whole ? null : await OutputFile.open(this.directory, 'inclusion.jsonl');
    await table.add(spreadsheetLine([...COLUMNS]));
    const addProof = async (log_index: number) => {
      const proof = (await this.registry.inclusionProof(log_index, size)).map((hash) => hash.toString('base64'));
      await proofs?.add(jsonLine({ log_index, proof }));
    };
    if (range) {
      const waiting = allItems((page: PageRequest) => this.registry.listEntries({ ...filter, ...page }))[
        Symbol.asyncIterator
      ]();
      let next = await waiting.next();
      for await (const event of allEvents(this.registry, range.first)) {
        if (event.seq > range.last) break;
        await events.add(jsonLine(this.#event(event)));
        const isEntry = !next.done && next.value.log_index === event.seq;
        if (isEntry) {
          const entry = this.#entry(next.value as EntryRecord, event);
          await entries.add(jsonLine(entry));
          await table.add(spreadsheetLine(COLUMNS.map((column) => String(entry[column] ?? ''))));
          next = await waiting.next();
        }
        // The last event's proof covers all before it, since each event names the digest of the one before.
        if (!whole && (isEntry || event.seq === range.last)) await addProof(event.seq);
        if (events.lines % 1_000 === 0) this.onProgress(events.lines);
      }
    }
    const files = [events, entries, table, ...(proofs ? [proofs] : [])];
    return {
      files: await Promise.all(files.map((file) => file.close())),
      events: events.lines,
      entries: entries.lines,
    };
  }

  #event(event: ChainEvent) {
    const { salt } = this.settings;
    return salt === null ? event : maskEvent(event, salt, leafHash(eventLeaf(event)));
  }

  #entry(entry: EntryRecord, event: ChainEvent): ExportedEntry {
    const company_digest = (event.details.company_digest ?? null) as string | null;
    const { salt } = this.settings;
    if (salt === null) return { ...entry, company_digest };
    const signer_kid = entry.signer_kid && mask(salt, entry.signer_kid);
    return { ...entry, company: entry.company && company_digest, signer_kid, company_digest };
  }
}

/** The filter itself may name a company or a signer. */
const maskFilter = ({ company, signer_kid, ...filter }: EntryFilter, salt: string): EntryFilter => ({
  ...filter,
  ...(company === undefined ? {} : { company: mask(salt, company) }),
  ...(signer_kid === undefined ? {} : { signer_kid: mask(salt, signer_kid) }),
});

const jsonLine = (value: object): string => `${canonical(value)}\n`;

/** A file that is hashed while it is written. */
class OutputFile {
  lines = 0;
  #size = 0;
  readonly #hash = streamingSha3();
  #buffered: string[] = [];

  private constructor(
    private readonly name: string,
    private readonly handle: Awaited<ReturnType<typeof open>>,
  ) {}

  static async open(directory: string, name: string): Promise<OutputFile> {
    return new OutputFile(name, await open(path.join(directory, name), 'wx', 0o600));
  }

  async add(text: string): Promise<void> {
    this.lines++;
    this.#buffered.push(text);
    if (this.#buffered.length >= 500) await this.#flush();
  }

  async close(): Promise<ExportHead['files'][number]> {
    await this.#flush();
    await this.handle.sync();
    await this.handle.close();
    return { path: this.name, size: this.#size, sha3_256: this.#hash.digest() };
  }

  async #flush(): Promise<void> {
    const bytes = Buffer.from(this.#buffered.join(''));
    this.#buffered = [];
    this.#hash.update(bytes);
    this.#size += bytes.length;
    await this.handle.writeFile(bytes);
  }
}
