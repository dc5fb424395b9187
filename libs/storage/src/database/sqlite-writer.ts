import { getAsset, isSea } from 'node:sea';
import { Worker } from 'node:worker_threads';
import { unreachable } from '../storage-errors.js';
import type { SqlRow, SqlSession, SqlValue } from './sql-database.js';

/** The asset of a single executable that holds the thread's code. */
export const WRITER_ASSET = 'registry-writer.js';

export interface WriterData {
  file: string;
  /** Run on the connection before anything else. */
  pragmas: readonly string[];
  /** Idle time after which the write-ahead log is truncated, ms. */
  idleMs: number;
  /** Pages copied before other requests get a turn. */
  copyPages: number;
}

type Work =
  | { what: 'begin' | 'commit' | 'rollback' | 'close' }
  | { what: 'all' | 'run'; sql: string; values: readonly SqlValue[] }
  | { what: 'insert'; sql: string; rows: readonly (readonly SqlValue[])[] }
  | { what: 'copy'; to: string };
export type Request = { id: number } & Work;
export type Answer =
  | { id: number; value: unknown }
  | { id: number; error: { message: string; code: string | undefined } }
  | { id: number; begun: true };

interface Pending {
  resolve(value: unknown): void;
  reject(error: unknown): void;
  begun?: (() => void) | undefined;
}

/** The file, or its source text, since no file of an executable has a path. */
const source = (): URL | string =>
  isSea()
    ? getAsset(WRITER_ASSET, 'utf8')
    : new URL(`./writer-thread.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url);

/**
 * The connection that writes, in a thread of its own: a disk that takes a second for each fsync delays writes and nothing
 * else. The thread starts with the first write. If it dies, pending requests fail, and the next write starts another.
 */
export class SqliteWriter implements SqlSession {
  readonly #pending = new Map<number, Pending>();
  #worker: Worker | null = null;
  #ended: Promise<void> = Promise.resolve();
  #count = 0;

  constructor(private readonly data: WriterData) {}

  async begin(): Promise<void> {
    await this.#ask({ what: 'begin' });
  }

  async commit(): Promise<void> {
    await this.#ask({ what: 'commit' });
  }

  /** Does nothing if no transaction is open. */
  async rollback(): Promise<void> {
    await this.#ask({ what: 'rollback' });
  }

  all<T>(sql: string, values: readonly SqlValue[] = []): Promise<T[]> {
    return this.#ask({ what: 'all', sql, values: values.map(compact) }) as Promise<T[]>;
  }

  run(sql: string, values: readonly SqlValue[] = []): Promise<number> {
    return this.#ask({ what: 'run', sql, values: values.map(compact) }) as Promise<number>;
  }

  async insert(table: string, rows: readonly SqlRow[], more = ''): Promise<void> {
    if (rows.length === 0) return;
    const names = Object.keys(rows[0]!);
    const sql = `INSERT INTO ${table} (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')}) ${more}`;
    await this.#ask({ what: 'insert', sql, rows: rows.map((row) => names.map((name) => compact(row[name]!))) });
  }

  /**
   * Copies the database into a new file, some pages at a time between other writes. What this connection writes meanwhile goes
   * into the copy too, so that the copy never starts over and no read transaction stays open. No transaction may be open until `begun`.
   */
  async copyTo(file: string, begun: () => void): Promise<void> {
    await this.#ask({ what: 'copy', to: file }, begun);
  }

  async close(): Promise<void> {
    if (this.#worker) await this.#ask({ what: 'close' });
    await this.#ended;
  }

  #ask(work: Work, begun?: () => void): Promise<unknown> {
    const worker = (this.#worker ??= this.#start());
    const id = this.#count++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject, begun });
      worker.postMessage({ id, ...work } satisfies Request);
    });
  }

  #start(): Worker {
    const code = source();
    const worker = new Worker(code, { eval: typeof code === 'string', workerData: this.data });
    let reason: unknown = new Error('the thread that writes has ended');
    worker.on('message', (answer: Answer) => this.#take(answer));
    worker.on('error', (error) => (reason = error));
    this.#ended = new Promise((resolve) =>
      worker.on('exit', () => {
        this.#worker = null;
        // Nobody knows whether a commit that was under way took effect.
        for (const { reject } of this.#pending.values()) reject(unreachable(reason, this.data.file));
        this.#pending.clear();
        resolve();
      }),
    );
    return worker;
  }

  #take(answer: Answer): void {
    const pending = this.#pending.get(answer.id);
    if ('begun' in answer) return pending?.begun?.();
    this.#pending.delete(answer.id);
    if ('error' in answer) pending?.reject(Object.assign(new Error(answer.error.message), { code: answer.error.code }));
    else pending?.resolve(answer.value);
  }
}

/** Small buffers are views of a pool, all of which would be copied to the thread with them. */
const compact = (value: SqlValue): SqlValue =>
  ArrayBuffer.isView(value) && value.byteLength < value.buffer.byteLength ? new Uint8Array(value) : value;
