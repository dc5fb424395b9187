import { randomBytes } from 'node:crypto';
import { mkdtemp, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { type EntryRecord } from '@cap/contracts';
import { CapError, jcs, type JsonValue, writeError, writeFileDurable } from '@cap/core';
import { type ChainEvent, eventLeaf, leafHash, parseCheckpoint } from '@cap/tlog';
import { loadSigningKey, requireUsage, rfc3339, signEnvelope, streamingSha3 } from '@cap/crypto';
import { writeZip } from '@cap/proof';
import { csvCell, plainCell } from '../../frame/csv-cell.js';
import { exists } from '../../frame/input.js';
import { type CliIo, printResult, progress, progressDone } from '../../frame/io.js';
import { writeOutput } from '../../frame/output.js';
import { type RegistryPlace } from '../../frame/place-options.js';
import { keyDirectory, keyPassphrase } from '../../keys/directory.js';
import {
  COLUMNS,
  type ExportedEntry,
  type ExportHead,
  type Filter,
  HEAD,
  line,
  maskEvent,
  maskOf,
  PAYLOAD_TYPE,
  SCHEMA,
  SIGNATURE,
} from './format.js';
import { type AuditSource, openAuditSource } from './source.js';

export interface ExportOptions extends RegistryPlace {
  policy?: string;
  signer?: string;
  company?: string;
  result?: EntryRecord['result'];
  from?: string;
  to?: string;
  mask?: boolean;
  key?: string;
  keys?: string;
  out: string;
  json?: boolean;
}

/** A zip is made in memory; what is larger goes into a directory. */
const MAX_ZIP_BYTES = 1_000_000_000;

/** Events, entries and proofs of a registry, signed, as a zip or a directory. */
export async function exportRegistry(io: CliIo, options: ExportOptions): Promise<void> {
  if (options.key === undefined)
    throw new CapError('option.missing', '--key is needed: an export of a registry is signed');
  if (options.out === '-') throw new CapError('option.missing', '--out is needed: FILE.zip or a directory');
  const key = await loadSigningKey(keyDirectory(options), options.key, io.now(), await keyPassphrase(io));
  requireUsage(key.record, 'audit');
  if ((await exists(options.out)) && (!options.out.endsWith('.zip') || (await isFullDirectory(options.out))))
    throw new CapError('output.exists', `${options.out} is there already`);
  const source = await openAuditSource(io, options);
  const staging = await stage(options.out);
  const salt = randomBytes(16).toString('hex');
  try {
    const head = await new Export(source, staging, { ...options, salt, now: io.now() }, (count) =>
      progress(io, `${count} events`),
    ).write();
    const bytes = jcs(head as unknown as JsonValue);
    await writeFileDurable(path.join(staging, HEAD), bytes, { mode: 0o600 });
    await writeFileDurable(path.join(staging, SIGNATURE), jcs(signEnvelope(PAYLOAD_TYPE, bytes, [key]) as never), {
      mode: 0o600,
    });
    await publish(io, staging, options.out, head);
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
  } finally {
    await source.close();
    await rm(staging, { recursive: true, force: true });
  }
}

async function isFullDirectory(name: string): Promise<boolean> {
  return readdir(name).then(
    () => true,
    () => false,
  );
}

const stage = (out: string): Promise<string> =>
  mkdtemp(`${path.resolve(out)}.tmp-`).catch((cause: unknown) => {
    throw writeError(out, cause);
  });

async function publish(io: CliIo, staging: string, out: string, head: ExportHead): Promise<void> {
  if (!out.endsWith('.zip')) return rename(staging, out);
  if (head.files.reduce((sum, { size }) => sum + size, 0) > MAX_ZIP_BYTES)
    throw new CapError('export.too-large', 'the export is too large for a zip: give --out a directory');
  const names = [HEAD, SIGNATURE, ...head.files.map((file) => file.path)];
  const files = await Promise.all(
    names.map(async (name) => ({ name, bytes: await readFile(path.join(staging, name)) })),
  );
  await writeOutput(io, out, writeZip(files, new Date(head.created_at)), { mode: 0o600 });
}

/** One pass over the log, and the entries beside it as they come. */
class Export {
  constructor(
    private readonly source: AuditSource,
    private readonly directory: string,
    private readonly options: Filter & { policy?: string; signer?: string; mask?: boolean; salt: string; now: Date },
    private readonly onProgress: (events: number) => void,
  ) {}

  async write(): Promise<ExportHead> {
    const { from, to, company, result, policy, signer, now, mask = false } = this.options;
    const policy_hash = policy?.replace(/^sha3-256:/, '0x');
    const filter: Filter = { from, to, company, result, policy_hash, signer_kid: signer };
    const given = Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined)) as Filter;
    const note = await this.source.checkpoint();
    const { size } = parseCheckpoint(note);
    const range = await this.#range(size, given);
    const whole = range !== null && range.first === 0 && range.last === size - 1;
    const { files, events, entries } = await this.#files(size, range, given, whole);
    return {
      schema: SCHEMA,
      created_at: rfc3339(now),
      checkpoint: note,
      range,
      filter: mask ? masked(given, this.options.salt) : given,
      complete: Object.keys(given).length === 0,
      masked: mask,
      events,
      entries,
      files,
    };
  }

  /** The events between the first and the last of the time that was asked for; a clock may have gone back between them. */
  async #range(size: number, { from, to }: Filter): Promise<ExportHead['range']> {
    if (size === 0) return null;
    if (from === undefined && to === undefined) return { first: 0, last: size - 1 };
    let first: number | undefined;
    let last = -1;
    for await (const { seq, ts } of this.source.events(0)) {
      if (seq >= size) break;
      const [time, low, high] = [ts, from, to].map((text) => (text === undefined ? undefined : Date.parse(text)));
      if ((low !== undefined && time! < low) || (high !== undefined && time! >= high)) continue;
      first ??= seq;
      last = seq;
    }
    return first === undefined ? null : { first, last };
  }

  async #files(size: number, range: ExportHead['range'], filter: Filter, whole: boolean) {
    const events = await OutputFile.open(this.directory, 'events.jsonl');
    const entries = await OutputFile.open(this.directory, 'entries.jsonl');
    const table = await OutputFile.open(this.directory, 'entries.csv');
    const proofs = whole ? null : await OutputFile.open(this.directory, 'inclusion.jsonl');
    await table.add(csvLine([...COLUMNS]));
    const prove = async (log_index: number) => {
      const proof = (await this.source.inclusion(log_index, size)).map((hash) => hash.toString('base64'));
      await proofs?.add(line({ log_index, proof }));
    };
    if (range) {
      const waiting = this.source.entries(filter)[Symbol.asyncIterator]();
      let next = await waiting.next();
      for await (const event of this.source.events(range.first)) {
        if (event.seq > range.last) break;
        await events.add(line(this.#event(event)));
        const isEntry = !next.done && next.value.log_index === event.seq;
        if (isEntry) {
          const entry = this.#entry(next.value as EntryRecord, event);
          await entries.add(line(entry));
          await table.add(csvLine(COLUMNS.map((column) => String(entry[column] ?? ''))));
          next = await waiting.next();
        }
        // The last event vouches for all before it: each names the digest of the one before.
        if (!whole && (isEntry || event.seq === range.last)) await prove(event.seq);
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
    return this.options.mask ? maskEvent(event, this.options.salt, leafHash(eventLeaf(event))) : event;
  }

  #entry(entry: EntryRecord, event: ChainEvent): ExportedEntry {
    const company_digest = (event.details.company_digest ?? null) as string | null;
    if (!this.options.mask) return { ...entry, company_digest };
    const signer_kid = entry.signer_kid && maskOf(this.options.salt, entry.signer_kid);
    return { ...entry, company: entry.company && company_digest, signer_kid, company_digest };
  }
}

/** What was asked for names a company or a signer too. */
const masked = ({ company, signer_kid, ...filter }: Filter, salt: string): Filter => ({
  ...filter,
  ...(company === undefined ? {} : { company: maskOf(salt, company) }),
  ...(signer_kid === undefined ? {} : { signer_kid: maskOf(salt, signer_kid) }),
});

const csvLine = (cells: readonly string[]): string => `${cells.map((cell) => csvCell(plainCell(cell))).join(',')}\n`;

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
