import { CapError, isCapError } from '@cap/core';
import { parseCheckpoint } from '@cap/tlog';
import type { CheckpointStore } from '../stores.js';

export interface CheckpointPublisherOptions {
  /** Called each time a checkpoint could not be written. It is retried automatically. */
  onPublishFailure?: ((error: unknown) => void) | undefined;
  /** Called when writing works again. */
  onPublishRecovery?: (() => void) | undefined;
  /** How long the newest checkpoint may wait to be written, ms; a newer one replaces it meanwhile. */
  publishMs?: number;
  /** Delay of the retry after a failure, ms; doubled each time, up to a minute. */
  retryMs?: number;
}

const MAX_RETRY_MS = 60_000;

/** Writes the newest checkpoint of an epoch outside the database, so that a log that was cut or rewritten is noticed. */
export class CheckpointPublisher {
  readonly #options: CheckpointPublisherOptions & { publishMs: number; retryMs: number };
  /** The newest note not yet written. */
  #unpublished: string | null = null;
  #timer: NodeJS.Timeout | null = null;
  #writing: Promise<void> | null = null;
  #retryMs: number;
  #fault: CapError | null = null;

  constructor(
    private readonly checkpoints: CheckpointStore,
    private readonly epoch: number,
    options: CheckpointPublisherOptions = {},
  ) {
    this.#options = { publishMs: 100, retryMs: 1_000, ...options };
    this.#retryMs = this.#options.retryMs;
  }

  /** Why the newest checkpoint could not be written; null while nothing is wrong. */
  get fault(): CapError | null {
    return this.#fault;
  }

  /** Writes it soon. */
  publish(note: string): void {
    this.#unpublished = note;
    // Otherwise the write under way, or the next retry, takes it.
    if (!this.#writing) this.#schedule(this.#options.publishMs);
  }

  /** Writes it now, even if it exists already, to find out at start-up that writing works. False if a newer one exists. */
  writeNow(note: string): Promise<boolean> {
    if (this.#unpublished === note) this.#cancel();
    return this.#write(note, true);
  }

  /** Retries what is not yet written. */
  async close(): Promise<void> {
    await this.#writing;
    if (this.#unpublished !== null) await this.#flush();
    this.#cancel();
  }

  async #write(note: string, again: boolean): Promise<boolean> {
    try {
      const there = await this.checkpoints.read(this.epoch);
      if (there === note && !again) return true;
      if (there !== null && parseCheckpoint(there).size > parseCheckpoint(note).size) return false;
      await this.checkpoints.write(this.epoch, note);
      return true;
    } catch (cause) {
      // A place that is out of reach for a moment stays what it is.
      const code = isCapError(cause) && cause.kind === 'unavailable' ? cause.code : 'log.checkpoint';
      const message = isCapError(cause) ? cause.message : String(cause);
      throw new CapError(
        code,
        `${message}. Without a checkpoint a cut log is not noticed: this process must be able to read and write checkpoints/`,
        { cause },
      );
    }
  }

  #schedule(ms: number): void {
    this.#timer ??= setTimeout(() => void this.#flush(), ms);
  }

  #cancel(): void {
    this.#unpublished = null;
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #flush(): Promise<void> {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    return (this.#writing = this.#tryOnce().finally(() => {
      this.#writing = null;
      if (this.#unpublished !== null) this.#schedule(this.#fault ? this.#nextRetryMs() : this.#options.publishMs);
    }));
  }

  async #tryOnce(): Promise<void> {
    const note = this.#unpublished!;
    try {
      await this.#write(note, false); // or another process has written the same or a newer one
      if (this.#unpublished === note) this.#unpublished = null;
      if (this.#fault) this.#options.onPublishRecovery?.();
      this.#fault = null;
      this.#retryMs = this.#options.retryMs;
    } catch (error) {
      this.#fault = error as CapError;
      this.#options.onPublishFailure?.(this.#fault);
    }
  }

  #nextRetryMs(): number {
    const ms = this.#retryMs;
    this.#retryMs = Math.min(2 * ms, MAX_RETRY_MS);
    return ms;
  }
}
