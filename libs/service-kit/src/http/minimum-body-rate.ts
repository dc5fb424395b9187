import { Socket } from 'node:net';
import { CapError } from '@cap/core';
import type { Config } from '@cap/config';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { SendProblem } from '../problems/problem.filter.js';

/** How often bodies are looked at, unless the time that they have is shorter. */
const LOOK_MS = 1_000;

interface Awaited {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly socket: Socket;
  /** What the connection had read when the present span began. */
  from: number;
  /** For how long this side has waited for the client within the span. */
  waitedMs: number;
}

/**
 * Refuses bodies that come more slowly than `limits.body_min_bytes_per_second`: in each span of `body_grace_seconds` so many
 * bytes must come, or the rest of the body. Only the time counts in which the client owes bytes, not that in which a disk or a
 * registry behind this service keeps them waiting.
 */
export class MinimumBodyRate {
  readonly #awaited = new Set<Awaited>();
  readonly #graceMs: number;
  readonly #bytes: number;
  readonly #everyMs: number;
  #timer: NodeJS.Timeout | undefined;
  #looked = 0;

  constructor(
    private readonly limits: Config['limits'],
    private readonly sendProblem: SendProblem,
  ) {
    this.#graceMs = limits.body_grace_seconds * 1000;
    this.#bytes = limits.body_min_bytes_per_second * limits.body_grace_seconds;
    this.#everyMs = Math.min(LOOK_MS, this.#graceMs / 4);
  }

  watch(request: FastifyRequest, reply: FastifyReply): void {
    const { socket } = request.raw;
    if (request.raw.complete || !(socket instanceof Socket)) return; // injected
    const one: Awaited = { request, reply, socket, from: socket.bytesRead, waitedMs: 0 };
    this.#awaited.add(one);
    request.raw.once('close', () => this.#awaited.delete(one));
    if (this.#timer) return;
    this.#looked = performance.now();
    this.#timer = setInterval(() => this.#look(), this.#everyMs).unref();
  }

  #look(): void {
    const now = performance.now();
    // While this process was busy itself, what has come was not read.
    const elapsed = Math.min(now - this.#looked, 2 * this.#everyMs);
    this.#looked = now;
    for (const one of this.#awaited) this.#judge(one, elapsed);
    if (this.#awaited.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #judge(one: Awaited, elapsed: number): void {
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
      // Node tells nobody of a connection that ends after the answer: whoever still reads the body would wait for ever.
      reply.raw.once('close', () => request.raw.destroy());
      // Closed at once: who sends nothing can't lose an answer by sending on.
      const headers = { connection: 'close' };
      this.sendProblem(new CapError('timeout', words, { status: 408, headers }), request, reply);
    }
  }
}
