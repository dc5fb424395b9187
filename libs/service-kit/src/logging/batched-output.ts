import { Writable } from 'node:stream';

/**
 * Gathers the lines of one turn of the event loop into one write: under load a system call for each line costs more than the line.
 * What is gathered when the process exits is written then; stdout is synchronous for files and pipes.
 */
export class BatchedOutput extends Writable {
  private lines = '';

  constructor(private readonly output: NodeJS.WritableStream) {
    super({ decodeStrings: false });
    process.once('exit', () => this.flush());
  }

  override write(line: string | Uint8Array): boolean {
    if (this.lines === '') setImmediate(() => this.flush());
    this.lines += String(line);
    return true;
  }

  private flush(): void {
    const { lines } = this;
    this.lines = '';
    if (lines !== '') this.output.write(lines);
  }
}
