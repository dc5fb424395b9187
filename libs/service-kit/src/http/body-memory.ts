import type { Readable } from 'node:stream';
import { CapError } from '@cap/core';
import type { Config } from '@cap/config';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { requesterOf, SharedQuota } from './shared-quota.js';

/** Smaller pieces are copied together: each buffer has an overhead, and a body may arrive byte by byte. */
const SMALL = 16_384;
const GATHER = 65_536;

const bytes = (count: number) => `${count} bytes reserved for bodies`;

/** The memory reserved for bodies: of requests, and of what is fetched to answer them. */
export class BodyMemory {
  readonly #quota: SharedQuota;

  constructor({ body_memory_bytes: total, body_memory_bytes_per_subject: perRequester }: Config['limits']) {
    this.#quota = new SharedQuota(
      { total, perRequester },
      {
        total: `Requests in progress already use all ${bytes(total)}.`,
        perRequester: `This caller's requests in progress already use all ${bytes(perRequester)}.`,
      },
    );
  }

  /** Call this once the caller is known, before the body is read. */
  open(request: FastifyRequest, reply: FastifyReply): void {
    const requester = requesterOf(request);
    let held = 0;
    let over = false;
    request.holdBytes = (more) => {
      if (over) throw new Error('the request was answered before its body arrived');
      this.#quota.acquire(requester, more);
      held += more;
    };
    reply.raw.once('close', () => {
      over = true;
      this.#quota.release(requester, held);
    });
  }
}

/** Pieces of a body in few buffers. */
class Pieces {
  readonly #buffers: Buffer[] = [];
  #gathering: Buffer | null = null;
  #used = 0;
  length = 0;

  add(piece: Buffer): void {
    this.length += piece.length;
    if (piece.length >= SMALL || this.#buffers.length === 0) {
      this.#flush();
      this.#buffers.push(piece);
      return;
    }
    if (this.#gathering && this.#used + piece.length > GATHER) this.#flush();
    this.#gathering ??= Buffer.allocUnsafeSlow(GATHER);
    this.#used += piece.copy(this.#gathering, this.#used);
  }

  whole(): Buffer {
    this.#flush();
    return this.#buffers.length === 1 ? this.#buffers[0]! : Buffer.concat(this.#buffers, this.length);
  }

  #flush(): void {
    if (this.#gathering) this.#buffers.push(this.#gathering.subarray(0, this.#used));
    this.#gathering = null;
    this.#used = 0;
  }
}

/**
 * Reads a body of at most `maxBytes`, counted as it arrives. After a refusal the rest stays unread on the connection, so that an
 * answer can still be sent.
 * CapError request.too-large, overloaded, rate.limited.
 */
export function readBody(
  request: FastifyRequest,
  body: Readable,
  maxBytes: number,
  words = 'The body is larger than this route accepts.',
): Promise<Buffer> {
  const tooLarge = () => new CapError('request.too-large', words);
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) return Promise.reject(tooLarge());
  return new Promise((resolve, reject) => {
    const pieces = new Pieces();
    const settle = (act: () => void) => {
      body.off('data', take).off('end', end).off('error', fail).off('close', gone);
      body.on('error', () => undefined); // later errors of the connection concern nobody
      act();
    };
    const fail = (error: unknown) => settle(() => reject(error as Error));
    const end = () => settle(() => resolve(pieces.whole()));
    const gone = () => fail(Object.assign(new Error('the connection closed'), { code: 'ECONNRESET' }));
    const take = (piece: Buffer) => {
      try {
        if (pieces.length + piece.length > maxBytes) throw tooLarge();
        request.holdBytes(piece.length);
        pieces.add(piece);
      } catch (error) {
        fail(error);
      }
    };
    body.on('data', take).once('end', end).once('error', fail).once('close', gone);
  });
}
