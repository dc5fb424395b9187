import Transport from 'winston-transport';

const MESSAGE = Symbol.for('message');

/** Takes lines, at once and without an answer. */
export interface LineOutput {
  write(line: string): unknown;
}

/** Hands the lines of winston to an output that never makes it wait. */
export class LineTransport extends Transport {
  constructor(private readonly output: LineOutput) {
    super();
  }

  override log(info: { [MESSAGE]: string }, next: () => void): void {
    this.output.write(`${info[MESSAGE]}\n`);
    next();
  }
}
