import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, type Dispatcher, errors } from 'undici';
import { z } from 'zod';
import { CapError, isRemoteError, type RemoteAnswer, remoteError } from '@cap/core';
import { problem } from './problem.js';

export interface TransportOptions {
  /** Base URL, e.g. `http://127.0.0.1:8081`. */
  url: string;
  /** Bearer token; a function is asked on each call, so that a rotated token counts at once. */
  token?: string | (() => string | undefined) | undefined;
  /**
   * Until the first byte of an answer, and between two pieces of a body; a call with a JSON answer ends after twice as long,
   * with all its tries. Default 10 s; 0 waits for as long as it takes.
   */
  timeoutMs?: number;
  /** Sockets in the pool. Default 64. */
  connections?: number;
  /** How often an idempotent call is tried again. Default 2. */
  retries?: number;
  /** Trusted CA certificates (PEM) for https. */
  ca?: string | undefined;
}

/** What is passed on from the request that causes this call. */
export interface CallContext {
  /** Sent as X-Request-Id, so that both services log the same id. */
  requestId?: string | undefined;
  signal?: AbortSignal | undefined;
}

export interface Call extends CallContext {
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  path: string;
  query?: Record<string, string | number | undefined>;
  json?: unknown;
  body?: Uint8Array | Readable;
  headers?: Record<string, string>;
  /** Safe to send twice. */
  idempotent: boolean;
}

/** After this many failures to connect in a row only one call at a time may try; the others are refused at once. */
const BREAKER_THRESHOLD = 5;
const DEFAULT_TIMEOUT_MS = 10_000;
const FIRST_RETRY_MS = 50;
const CONNECT_MS = 3_000;
/** Longer Retry-After delays are passed on to the caller. */
const LONGEST_WAIT_MS = 2_000;

/** One service behind one base URL: pool, deadlines, retries with jitter, circuit breaker, typed errors. */
export class Transport {
  readonly #agent: Agent;
  readonly #base: URL;
  readonly #retries: number;
  #failures = 0;
  #probing = false;

  constructor(
    private readonly options: TransportOptions,
    private readonly service?: RemoteAnswer['service'],
  ) {
    this.#base = new URL(options.url.endsWith('/') ? options.url : `${options.url}/`);
    this.#retries = options.retries ?? 2;
    const timeout = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    this.#agent = new Agent({
      connections: options.connections ?? 64,
      headersTimeout: timeout,
      bodyTimeout: timeout,
      connect: {
        timeout: Math.min(timeout || CONNECT_MS, CONNECT_MS),
        ...(options.ca === undefined ? {} : { ca: options.ca }),
      },
    });
  }

  close(): Promise<void> {
    return this.#agent.close();
  }

  /** The answer's JSON, checked against the schema. */
  async json<T extends z.ZodType>(schema: T, call: Call): Promise<z.infer<T>> {
    const answer = await this.send({ ...call, signal: this.#deadline(call.signal) });
    const body = await this.#text(answer.body);
    try {
      return schema.parse(JSON.parse(body));
    } catch (cause) {
      const why = cause instanceof z.ZodError ? z.prettifyError(cause) : (cause as Error).message;
      throw this.#unavailable(`${call.method} ${call.path}: unexpected answer: ${why}`, cause);
    }
  }

  /** The answer of a call that succeeded; its body must be read or dumped by the caller. */
  async send(call: Call): Promise<Dispatcher.ResponseData> {
    const retries = call.idempotent && isReplayable(call.body) ? this.#retries : 0;
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.#attempt(call);
      } catch (error) {
        const again = isRemoteError(error) && isTransient(error) && attempt < retries && !call.signal?.aborted;
        if (!again) throw error;
        const backoff = FIRST_RETRY_MS * 2 ** attempt;
        const asked = pushBack(error);
        if (asked > LONGEST_WAIT_MS) throw error;
        await sleep(asked + backoff / 2 + Math.random() * backoff, undefined, { signal: call.signal }).catch(() => {
          throw error;
        });
      }
    }
  }

  async #attempt(call: Call): Promise<Dispatcher.ResponseData> {
    const open = this.#failures >= BREAKER_THRESHOLD;
    if (open && this.#probing) throw this.#unavailable('it has not answered lately');
    this.#probing = open;
    let answer: Dispatcher.ResponseData;
    try {
      answer = await this.#agent.request(this.#dispatch(call));
      this.#failures = 0;
    } catch (cause) {
      if (call.signal?.aborted && !isLate(call.signal.reason)) throw cause;
      this.#failures++;
      throw this.#unavailable(words(cause), cause);
    } finally {
      if (open) this.#probing = false;
    }
    if (answer.statusCode < 300) return answer;
    throw await this.#refusal(call, answer);
  }

  #dispatch(call: Call): Dispatcher.RequestOptions {
    const token = typeof this.options.token === 'function' ? this.options.token() : this.options.token;
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(call.query ?? {})) if (value !== undefined) query.set(name, `${value}`);
    return {
      origin: this.#base.origin,
      // Not built with new URL(), which would resolve a segment `..` and so reach another route.
      path: `${this.#base.pathname}${call.path.slice(1)}${query.size > 0 ? `?${query}` : ''}`,
      method: call.method,
      ...(call.signal ? { signal: call.signal } : {}),
      headers: {
        accept: 'application/json, application/problem+json, */*;q=0.1',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(call.requestId === undefined ? {} : { 'x-request-id': call.requestId }),
        ...(call.json === undefined ? {} : { 'content-type': 'application/json' }),
        ...call.headers,
      },
      ...(call.json === undefined ? (call.body ? { body: call.body } : {}) : { body: JSON.stringify(call.json) }),
    };
  }

  #deadline(callers: AbortSignal | undefined): AbortSignal | undefined {
    const timeout = this.options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    if (timeout === 0) return callers;
    const late = AbortSignal.timeout(2 * timeout);
    return callers ? AbortSignal.any([callers, late]) : late;
  }

  async #refusal(call: Call, answer: Dispatcher.ResponseData): Promise<CapError> {
    const status = answer.statusCode;
    const text = await this.#text(answer.body);
    const retryAfter = Number(answer.headers['retry-after']) || undefined;
    const body = problem.safeParse(safeJson(text));
    const refusal = (code: string, message: string, requestId?: string) =>
      remoteError({ status, code, requestId, service: this.service }, message, { retryAfter });
    if (body.success) {
      const { code, detail, title, request_id } = body.data;
      return refusal(code, detail ?? title, request_id);
    }
    const said = `${call.method} ${call.path} answered ${status}`;
    if (status === 404 && call.method === 'HEAD') return refusal('bundle.unknown', said);
    return refusal(status >= 500 ? this.#code('service.failed') : 'request.refused', said);
  }

  async #text(body: Dispatcher.ResponseData['body']): Promise<string> {
    try {
      return await body.text();
    } catch (cause) {
      throw this.#unavailable(`its answer broke off: ${words(cause)}`, cause);
    }
  }

  /** The registry has a code of its own for all of these. */
  #code(other: 'service.unreachable' | 'service.failed'): 'registry.unavailable' | typeof other {
    return this.service === 'registry' ? 'registry.unavailable' : other;
  }

  #unavailable(why: string, cause?: unknown): CapError {
    const code = this.#code('service.unreachable');
    return new CapError(code, `${this.#base.origin}: ${why}`, { cause, retryAfter: 1, remote: { status: null, code } });
  }
}

const isReplayable = (body: Call['body']): boolean => body === undefined || body instanceof Uint8Array;
const isTransient = ({ code, status, remote }: CapError): boolean =>
  code === 'registry.unavailable' || status === 503 || remote?.status === null;

const isLate = (reason: unknown): boolean => (reason as { name?: unknown } | undefined)?.name === 'TimeoutError';

/** Retry-After sent by the service, ms; our own default does not count. */
const pushBack = ({ code, remote, retryAfter = 0 }: CapError): number =>
  code === 'registry.unavailable' || remote?.status === null ? 0 : retryAfter * 1_000;

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function words(cause: unknown): string {
  if (cause instanceof errors.HeadersTimeoutError || cause instanceof errors.BodyTimeoutError || isLate(cause))
    return 'no answer in time';
  if (cause instanceof AggregateError) return cause.errors.map(words).join('; ');
  return cause instanceof Error ? cause.message || cause.name : String(cause);
}
