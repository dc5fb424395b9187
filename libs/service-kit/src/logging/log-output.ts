import { writeSync } from 'node:fs';
import { getSystemErrorMessage } from 'node:util';

/** Bytes buffered while the log's reader does not read; lines beyond that are dropped. */
const MAX_WAITING = 1024 * 1024;
/** How soon a write that would block is tried again, and how often when the process exits. */
const RETRY_MS = 50;
const LAST_TRIES = 5;
const NEW_LINE = 0x0a;

/** Called about lines that are lost. */
export interface LogLosses {
  dropped(lines: number, why: string): void;
  /** Lines are written again, after so many were lost. */
  again(lost: number): void;
}

/**
 * The file, pipe or socket that log lines are written to. It never ends or blocks the process: if the disk is full, or the reader
 * has gone or stalls, lines are dropped and counted. It bypasses Node's stdout, which stays unusable after its first error, although
 * the disk may have room a minute later, and which buffers without limit while a reader stalls.
 *
 * The lines of one turn of the event loop are one write: under load, one system call per line would cost more than making the line.
 */
export class LogOutput {
  /** The lines of this turn. */
  private lines = '';
  /** What has not been written yet. */
  private waiting: Buffer = Buffer.alloc(0);
  /** Whether the last write ended in the middle of a line. */
  private midLine = false;
  private lost = 0;
  private retry: NodeJS.Timeout | undefined;

  /** `fd` should be non-blocking, as Node's stdout is. `system` replaces the system call in tests. */
  constructor(
    private readonly fd: number,
    private readonly losses: LogLosses,
    private readonly system: (fd: number, bytes: Buffer) => number = writeSync,
  ) {
    process.once('exit', () => this.writeAtExit());
  }

  write(line: string): void {
    if (this.waiting.length + this.lines.length + line.length > MAX_WAITING) return this.lose(1, 'nobody reads it');
    if (this.lines === '') setImmediate(() => this.flush());
    this.lines += line;
  }

  /** Writes as much as the system accepts. */
  private flush(): void {
    this.gather();
    while (this.waiting.length > 0)
      try {
        const written = this.system(this.fd, this.waiting);
        this.midLine = this.waiting[written - 1] !== NEW_LINE;
        this.waiting = this.waiting.subarray(written);
      } catch (error) {
        const { code, errno } = error as NodeJS.ErrnoException;
        if (code === 'EAGAIN') return this.tryAgain();
        const lines = this.waiting.toString().split('\n').filter(Boolean).length;
        this.waiting = Buffer.alloc(0);
        return this.lose(lines, errno === undefined ? String(error) : getSystemErrorMessage(errno));
      }
    if (this.lost === 0) return;
    const { lost } = this;
    this.lost = 0;
    this.losses.again(lost);
  }

  private gather(): void {
    if (this.lines === '') return;
    // The rest of the line before was dropped: this one must not be glued to its beginning.
    const apart = this.midLine && this.waiting.length === 0 ? '\n' : '';
    this.waiting = Buffer.concat([this.waiting, Buffer.from(apart + this.lines)]);
    this.lines = '';
  }

  private lose(lines: number, why: string): void {
    this.lost += lines;
    this.losses.dropped(lines, why);
  }

  private tryAgain(): void {
    this.retry ??= setTimeout(() => {
      this.retry = undefined;
      this.flush();
    }, RETRY_MS).unref();
  }

  /** Writes what is left, and gives a slow reader a moment to take it. */
  private writeAtExit(): void {
    for (let left = LAST_TRIES; left > 0; left--) {
      this.flush();
      if (this.waiting.length === 0) return;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
    }
  }
}
