import { Worker } from 'node:worker_threads';
import { type Job, type JobResults } from './jobs.js';

interface Task {
  job: Job;
  done: (result: never) => void;
  failed: (error: unknown) => void;
}

/** What a worker answers. */
export type Answer = { result: JobResults[keyof JobResults] } | { error: unknown };

/** Threads that do jobs, one at a time each. They start when there is work and don't keep the process alive. */
export class WorkerPool {
  readonly #idle: Worker[] = [];
  readonly #queue: Task[] = [];
  readonly #workers = new Map<Worker, Task | null>();
  #closed = false;

  constructor(
    /** Threads at most. */
    readonly size: number,
    private readonly file = new URL('./worker.js', import.meta.url),
  ) {}

  run<J extends Job>(job: J): Promise<JobResults[J['kind']]> {
    if (this.#closed) return Promise.reject(new Error('the worker pool is closed'));
    return new Promise((done, failed) => {
      this.#queue.push({ job, done, failed });
      this.#next();
    });
  }

  /** Ends the threads; a job under way is rejected. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#workers.keys()].map((worker) => worker.terminate()));
  }

  #next(): void {
    if (this.#queue.length === 0) return;
    const worker = this.#idle.pop() ?? (this.#workers.size < this.size ? this.#start() : undefined);
    if (!worker) return;
    const task = this.#queue.shift()!;
    this.#workers.set(worker, task);
    worker.ref();
    worker.postMessage(task.job);
  }

  #start(): Worker {
    const worker = new Worker(this.file);
    this.#workers.set(worker, null);
    worker.on('message', (answer: Answer) => {
      const task = this.#workers.get(worker)!;
      this.#workers.set(worker, null);
      worker.unref();
      this.#idle.push(worker);
      if ('error' in answer) task.failed(answer.error);
      else task.done(answer.result as never);
      this.#next();
    });
    let reason: unknown = new Error('the worker ended');
    worker.on('error', (error) => (reason = error));
    // A thread that dies (out of memory, say) takes its job with it, not the others.
    worker.on('exit', () => {
      const task = this.#workers.get(worker);
      this.#workers.delete(worker);
      const at = this.#idle.indexOf(worker);
      if (at !== -1) this.#idle.splice(at, 1);
      task?.failed(reason);
      if (!this.#closed) this.#next();
    });
    return worker;
  }
}
