import { availableParallelism } from 'node:os';

/** The process as the commands see it, so that tests can run them without one. */
export interface CliIo {
  stdin: AsyncIterable<Uint8Array | string>;
  /** Results. What it returns is to be awaited by whoever writes more than a page. */
  out(data: string | Uint8Array): void | Promise<void>;
  /** Words for the person at the terminal. */
  err(text: string): void;
  env: Readonly<Record<string, string | undefined>>;
  /** Which streams are terminals. */
  terminal: { out: boolean; err: boolean };
  now(): Date;
  /** Threads that expensive work may use beside this one. */
  threads: number;
}

/** Beyond this, memory grows faster than the time shrinks. */
const MAX_THREADS = 7;

export function processIo(): CliIo {
  return {
    stdin: process.stdin,
    out: writeToStdout,
    err: (text) => void process.stderr.write(text),
    env: process.env,
    terminal: { out: process.stdout.isTTY === true, err: process.stderr.isTTY === true },
    now: () => new Date(),
    threads: Math.min(availableParallelism() - 1, MAX_THREADS),
  };
}

function writeToStdout(data: string | Uint8Array): void | Promise<void> {
  const { stdout } = process;
  // A reader that has closed wants no more (main.ts); waiting for it to drain would be for ever.
  if (stdout.destroyed || stdout.write(data)) return;
  return new Promise((resolve) => {
    const events = ['drain', 'error', 'close'];
    const done = () => {
      for (const event of events) stdout.off(event, done);
      resolve();
    };
    for (const event of events) stdout.on(event, done);
  });
}

/** Colour only on a terminal, and never when NO_COLOR (no-color.org) or a dumb terminal says so. */
export const usesColour = (io: CliIo): boolean => io.terminal.out && !io.env.NO_COLOR && io.env.TERM !== 'dumb';

/** A line of progress on stderr, only on a terminal. The next one overwrites it; `progressDone` removes it. */
export function progress(io: CliIo, text: string): void {
  if (io.terminal.err && io.env.TERM !== 'dumb') io.err(`\r\u001b[2K${text}`);
}
export function progressDone(io: CliIo): void {
  if (io.terminal.err && io.env.TERM !== 'dumb') io.err('\r\u001b[2K');
}

/** The result of a verb: with --json one JSON value and LF, else the text. */
export function printResult(io: CliIo, options: { json?: boolean }, value: unknown, text: () => string): void {
  void io.out(options.json ? `${JSON.stringify(value, null, 2)}\n` : `${text().replace(/\n+$/, '')}\n`);
}

/** Left-aligned columns, two spaces apart. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const width = header.map((title, column) =>
    Math.max(...[title, ...rows.map((row) => row[column] ?? '')].map((cell) => cell.length)),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => cell.padEnd(width[column] ?? 0))
      .join('  ')
      .trimEnd();
  return [line(header), ...rows.map(line)].join('\n');
}
