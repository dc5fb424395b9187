import { Worker } from 'node:worker_threads';
import { CapError } from '@cap/core';
import { workerSource } from './assets.js';
import type { Job, JobResults } from './jobs.js';
import { FairQueue } from './fair-queue.js';

interface Task {
  readonly requester: string;
  job: Job;
  begun?: (() => void) | undefined;
  done: (result: JobResults[keyof JobResults]) => void;
  failed: (error: unknown) => void;
}

interface Thread {
  worker: Worker;
  task: Task | null;
}

/** What a worker answers. */
export type Answer = { result: JobResults[keyof JobResults] } | { error: unknown };

export interface PoolOptions {
  /** Jobs that may wait for a thread; any number if left out. */
  waiting?: number;
  /** What the threads run: a file, or source text. */
  source?: URL | string;
}

export interface RunOptions {
  /** Gives the job up: it is rejected with the signal's reason, and if it is under way its thread is replaced. */
  signal?: AbortSignal;
  /** Whom the job is for: requesters take turns, and share the queue equally when it is full. */
  requester?: string;
  /** Called when a thread takes the job. */
  begun?(): void;
}

/**
 * Threads that run jobs, each one job at a time, in order of arrival; several requesters take turns. Threads start when there is
 * work and don't keep the process alive. A thread that dies takes its own job with it; another one starts when there is work.
 */
export class WorkerPool {
  readonly #queue = new FairQueue<Task>();
  readonly #threads = new Set<Thread>();
  readonly #ending = new Set<Promise<unknown>>();
  readonly #mostWaiting: number;
  readonly #source: URL | string;
  #closed = false;

  constructor(
    /** Threads at most. */
    readonly size: number,
    { waiting = Infinity, source = workerSource() }: PoolOptions = {},
  ) {
    this.#mostWaiting = waiting;
    this.#source = source;
  }

  /** Jobs under way. */
  get running(): number {
    return [...this.#threads].filter(({ task }) => task !== null).length;
  }

  /** Jobs that no thread has taken yet. */
  get waiting(): number {
    return this.#queue.length;
  }

  /**
   * Rejects with what the job throws. If the queue is full, a job of the requester with most jobs waiting, perhaps one that is
   * already queued, is rejected with CapError `rate.limited`; failing that, this one with `overloaded`.
   */
  run<J extends Job>(job: J, { signal, requester = '', begun }: RunOptions = {}): Promise<JobResults[J['kind']]> {
    return new Promise((resolve, reject) => {
      if (this.#closed) throw closed();
      signal?.throwIfAborted();
      if (this.running >= this.size && this.waiting >= this.#mostWaiting) this.#makeRoomFor(requester);
      const giveUp = () => this.#giveUp(task, signal!.reason);
      const finish =
        <T>(end: (value: T) => void) =>
        (value: T) => {
          signal?.removeEventListener('abort', giveUp);
          end(value);
        };
      const done = finish((result: JobResults[keyof JobResults]) => resolve(result as JobResults[J['kind']]));
      const task: Task = { requester, job, begun, done, failed: finish(reject) };
      signal?.addEventListener('abort', giveUp);
      this.#queue.push(task);
      this.#next();
    });
  }

  /** Ends the threads. Jobs under way and waiting ones are rejected. */
  async close(): Promise<void> {
    this.#closed = true;
    for (let task = this.#queue.shift(); task; task = this.#queue.shift()) task.failed(closed());
    for (const thread of this.#threads) this.#end(thread, closed());
    await Promise.all(this.#ending);
  }

  #next(): void {
    while (this.#queue.length > 0) {
      const thread = this.#freeThread();
      if (!thread) return;
      const task = this.#queue.shift()!;
      thread.task = task;
      thread.worker.ref();
      thread.worker.postMessage(compact(task.job));
      task.begun?.();
    }
  }

  #freeThread(): Thread | undefined {
    const idle = [...this.#threads].find(({ task }) => task === null);
    return idle ?? (this.#threads.size < this.size ? this.#start() : undefined);
  }

  #start(): Thread {
    const thread: Thread = { worker: new Worker(this.#source, { eval: typeof this.#source === 'string' }), task: null };
    const { worker } = thread;
    this.#threads.add(thread);
    worker.on('message', (answer: Answer) => {
      const { task } = thread;
      // Ignore messages from a terminating thread.
      if (!task || !this.#threads.has(thread)) return;
      thread.task = null;
      worker.unref();
      if ('error' in answer) task.failed(answer.error);
      else task.done(answer.result);
      this.#next();
    });
    let reason: unknown = new Error('the worker ended');
    worker.on('error', (error) => (reason = error));
    worker.on('exit', () => {
      if (!this.#threads.delete(thread)) return;
      thread.task?.failed(reason);
      this.#next();
    });
    return thread;
  }

  /** Keeps one requester from blocking the others: the one with most jobs waiting gives up a place to one with fewer. */
  #makeRoomFor(requester: string): void {
    const ownDoing = new CapError(
      'rate.limited',
      'this caller already has too many proofs waiting while others are waiting',
    );
    const displaced = this.#queue.makeRoomFor(requester);
    if (displaced) return displaced.failed(ownDoing);
    const { own, others } = this.#queue.of(requester);
    if (own > 0 && others) throw ownDoing;
    throw new CapError('overloaded', `${this.waiting} proofs are already waiting for verification`);
  }

  #giveUp(task: Task, reason: unknown): void {
    if (this.#queue.delete(task)) {
      task.failed(reason);
      return;
    }
    for (const thread of this.#threads) if (thread.task === task) this.#end(thread, reason);
    this.#next();
  }

  #end(thread: Thread, reason: unknown): void {
    this.#threads.delete(thread);
    thread.task?.failed(reason);
    const ended = thread.worker.terminate().finally(() => this.#ending.delete(ended));
    this.#ending.add(ended);
  }
}

const closed = (): Error => new Error('the worker pool is closed');

/**
 * The job with only the bytes that its views show: small buffers are views of Node's 64 KB pool, and each would copy all of
 * it.
 */
function compact<T>(value: T): T;
function compact(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || value instanceof SharedArrayBuffer) return value;
  if (ArrayBuffer.isView(value)) {
    const whole = value.buffer instanceof SharedArrayBuffer || value.byteLength === value.buffer.byteLength;
    return value instanceof Uint8Array && !whole ? new Uint8Array(value) : value;
  }
  if (Array.isArray(value)) return typeof value[0] === 'object' ? value.map((member) => compact(member)) : value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, compact(member)]));
}
