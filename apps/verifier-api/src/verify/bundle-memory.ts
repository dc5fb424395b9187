import { type IncomingMessage } from 'node:http';
import { type Readable } from 'node:stream';
import { ProblemError } from '@cap/service-kit';

/** How many bundles of the largest size may be in memory at once; smaller ones add up to as many bytes. */
const LARGEST_AT_ONCE = 2;

/** Counts the bytes of the bundles that are being judged, each held until its request is answered or given up. */
export class BundleMemory {
  readonly #held = new Map<IncomingMessage, number>();
  #total = 0;

  constructor(private readonly bundleBytes: number) {}

  /** Throws ProblemError overloaded if there is no room for `bytes` more. */
  hold(request: IncomingMessage, bytes: number): void {
    if (this.#total + bytes > LARGEST_AT_ONCE * this.bundleBytes)
      throw new ProblemError('overloaded', 'The bundles that are being judged already fill the memory for them.');
    this.#total += bytes;
    this.#held.set(request, (this.#held.get(request) ?? 0) + bytes);
  }

  release(request: IncomingMessage): void {
    this.#total -= this.#held.get(request) ?? 0;
    this.#held.delete(request);
  }

  /**
   * The bundle that a body is. What was refused is left on the connection, so that it can be answered. ProblemError
   * request.too-large, overloaded.
   */
  async read(request: IncomingMessage, body: Readable): Promise<Buffer> {
    if (Number(request.headers['content-length'] ?? 0) > this.bundleBytes) throw this.#tooLarge();
    const pieces: Buffer[] = [];
    let length = 0;
    for await (const piece of body.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      this.hold(request, piece.length);
      pieces.push(piece);
      length += piece.length;
      if (length > this.bundleBytes) throw this.#tooLarge();
    }
    return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
  }

  #tooLarge = () => new ProblemError('request.too-large', `A bundle has at most ${this.bundleBytes} bytes.`);
}
