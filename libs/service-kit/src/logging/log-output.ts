import { writeSync } from 'node:fs';
import { getSystemErrorMessage } from 'node:util';

/** Bytes that wait while a reader of the log does not read; what comes on top is dropped. */
const MAX_WAITING = 1024 * 1024;
/** How soon a log that takes nothing now is tried again, and how often at the end of the process. */
const RETRY_MS = 50;
const LAST_TRIES = 5;
const NEW_LINE = 0x0a;

/** Told of lines that nobody will read. */
export interface LogLosses {
  dropped(lines: number, why: string): void;
  /** Lines are written again, after so many were lost. */
  again(lost: number): void;
}

/**
 * The file, pipe or socket that takes the log lines. It neither ends the process nor holds it up: a full disk, a reader that has
 * gone and one that does not read cost lines, which are counted. So it writes by itself: Node's stdout is of no use after its
 * first error, though a disk may have room a minute later, and keeps everything in memory while a reader stalls.
 *
 * The lines of one turn of the event loop are one write: under load a system call for each line costs more than the line.
 */
export class LogOutput {
  /** The lines of this turn. */
  private lines = '';
  /** What the system has not taken yet. */
  private waiting: Buffer = Buffer.alloc(0);
  /** What was written last ends within a line. */
  private midLine = false;
  private lost = 0;
  private retry: NodeJS.Timeout | undefined;

  /** `fd` should not block: what Node has opened as its stdout does not. `system` stands in for the system, for tests. */
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

  /** Hands over what there is, as far as the system takes it. */
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

  /** The last words; a reader that is only slow gets a moment. */
  private writeAtExit(): void {
    for (let left = LAST_TRIES; left > 0; left--) {
      this.flush();
      if (this.waiting.length === 0) return;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
    }
  }
}
