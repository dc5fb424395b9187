import { Socket } from 'node:net';
import { CapError } from '@cap/core';
import type { Config } from '@cap/config';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { SendProblem } from '../problems/problem.filter.js';

/** How often bodies are checked, unless the grace period is shorter. */
const CHECK_MS = 1_000;

interface Awaited {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly socket: Socket;
  /** Bytes that the connection had received when the current period began. */
  from: number;
  /** How long this side has waited for the client within the period. */
  waitedMs: number;
}

/**
 * Refuses bodies that arrive more slowly than `limits.body_min_bytes_per_second`: in each period of `body_grace_seconds`, that many
 * bytes must arrive, or the rest of the body. Only time spent waiting for the client counts, not time in which the service itself
 * waits for its disk or the registry.
 */
export class MinimumBodyRate {
  readonly #awaited = new Set<Awaited>();
  readonly #graceMs: number;
  readonly #bytes: number;
  readonly #everyMs: number;
  #timer: NodeJS.Timeout | undefined;
  #checkedAt = 0;

  constructor(
    private readonly limits: Config['limits'],
    private readonly sendProblem: SendProblem,
  ) {
    this.#graceMs = limits.body_grace_seconds * 1000;
    this.#bytes = limits.body_min_bytes_per_second * limits.body_grace_seconds;
    this.#everyMs = Math.min(CHECK_MS, this.#graceMs / 4);
  }

  watch(request: FastifyRequest, reply: FastifyReply): void {
    const { socket } = request.raw;
    if (request.raw.complete || !(socket instanceof Socket)) return; // injected
    const one: Awaited = { request, reply, socket, from: socket.bytesRead, waitedMs: 0 };
    this.#awaited.add(one);
    request.raw.once('close', () => this.#awaited.delete(one));
    if (this.#timer) return;
    this.#checkedAt = performance.now();
    this.#timer = setInterval(() => this.#checkAll(), this.#everyMs).unref();
  }

  #checkAll(): void {
    const now = performance.now();
    // While this process was busy, it did not read what had arrived.
    const elapsed = Math.min(now - this.#checkedAt, 2 * this.#everyMs);
    this.#checkedAt = now;
    for (const one of this.#awaited) this.#check(one, elapsed);
    if (this.#awaited.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #check(one: Awaited, elapsed: number): void {
    const { request, reply, socket } = one;
    if (request.raw.complete || reply.raw.headersSent) return void this.#awaited.delete(one);
    if (request.raw.readableLength > 0) return;
    one.waitedMs += elapsed;
    if (socket.bytesRead - one.from >= this.#bytes) {
      one.from = socket.bytesRead;
      one.waitedMs = 0;
    } else if (one.waitedMs >= this.#graceMs) {
      this.#awaited.delete(one);
      const { body_min_bytes_per_second: rate, body_grace_seconds: grace } = this.limits;
      const words = `The body came more slowly than ${rate} bytes a second, for ${grace} seconds.`;
      // Node emits no event if the connection ends after the answer: a handler that still reads the body would wait forever.
      reply.raw.once('close', () => request.raw.destroy());
      // Closed at once: a client that sends nothing can't lose the answer by sending more.
      const headers = { connection: 'close' };
      this.sendProblem(new CapError('timeout', words, { status: 408, headers }), request, reply);
    }
  }
}
