/**
 * An object store on loopback for tests, strict where a real one is: it checks signatures, clock, body hashes and conditions,
 * and answers 501 to what it does not know. Objects live in memory. Path style only. As a process of its own:
 *
 *   node --import libs/storage/src/sources.fixture.mjs libs/storage/src/s3/s3-double.fixture.ts PORT
 *
 * prints its S3Location as one line of JSON, and takes a Fault as JSON on each line of its input.
 */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { checkedBody, checkSignature, Refusal } from './s3-signature.fixture.js';

/** What goes wrong with the next requests that fit. */
export interface Fault {
  /**
   * slow-down: 503, nothing done. deny: 403, nothing done. reset: the connection ends, nothing done. lost-answer: done, but the connection ends before
   * the answer. half: ends in the middle of the answer's body. delay: as usual, after delay_ms.
   */
  fault: 'slow-down' | 'deny' | 'reset' | 'lost-answer' | 'half' | 'delay';
  /** Default 1. */
  times?: number;
  method?: string;
  /** A part of the key. */
  key?: string;
  delay_ms?: number;
}

export interface DoubleOptions {
  port?: number;
  bucket?: string;
  /** At most so many keys on a page, whatever the caller wants. */
  pageSize?: number;
  now?: () => Date;
}

interface Held {
  body: Buffer;
  modified: Date;
}

const REGION = 'eu-test-1';
const KEY_ID = 'TESTKEYID0000000';
const SECRET = 'test/secret+key/000000000000000000000000';

interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
  url: URL;
  key: string;
  fault: Fault | undefined;
}

const header = (request: IncomingMessage, name: string) => request.headers[name]?.toString();
const escaped = (text: string) => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
const etagOf = (body: Buffer) => `"${createHash('md5').update(body).digest('hex')}"`;

export class S3Double {
  /** By key, prefix included. A test may look at it and change it. */
  readonly objects = new Map<string, Held>();
  /** `METHOD key` of each request, refused ones too. */
  readonly requests: string[] = [];
  readonly #faults: { fault: Fault; left: number }[] = [];
  readonly #server: Server;
  readonly #options: Required<DoubleOptions>;

  private constructor(options: DoubleOptions) {
    this.#options = { port: 0, bucket: 'cap-test', pageSize: 1000, now: () => new Date(), ...options };
    const answer = (request: IncomingMessage, response: ServerResponse) => void this.#answer(request, response);
    this.#server = createServer(answer).on('checkContinue', answer);
  }

  static async start(options: DoubleOptions = {}): Promise<S3Double> {
    const double = new S3Double(options);
    await new Promise<void>((resolve, reject) => {
      double.#server.once('error', reject).listen(double.#options.port, '127.0.0.1', resolve);
    });
    return double;
  }

  /** Where it is and how to get in: an S3Location. */
  get place() {
    return {
      bucket: this.#options.bucket,
      region: REGION,
      endpoint: `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`,
      access_key_id: KEY_ID,
      secret_access_key: SECRET,
      force_path_style: true,
    };
  }

  fail(fault: Fault): void {
    this.#faults.push({ fault, left: fault.times ?? 1 });
  }

  /** Nothing goes wrong any more. */
  heal(): void {
    this.#faults.length = 0;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #faultFor(method: string, key: string): Fault | undefined {
    const found = this.#faults.find(
      ({ fault, left }) => left > 0 && (fault.method ?? method) === method && key.includes(fault.key ?? ''),
    );
    if (found) found.left--;
    return found?.fault;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url!, 'http://double');
    const [, bucket, ...rest] = url.pathname.split('/');
    const key = decodeURIComponent(rest.join('/'));
    this.requests.push(`${request.method} ${key}`);
    const fault = this.#faultFor(request.method!, key);
    response.setHeader('date', this.#options.now().toUTCString());
    request.on('error', () => undefined);
    try {
      if (fault?.fault === 'reset') return void request.socket.destroy();
      if (fault?.fault === 'delay') await sleep(fault.delay_ms ?? 0);
      if (fault?.fault === 'slow-down') throw new Refusal(503, 'SlowDown');
      if (fault?.fault === 'deny') throw new Refusal(403, 'AccessDenied');
      checkSignature(request, url, { secrets: { [KEY_ID]: SECRET }, region: REGION, now: this.#options.now });
      if (bucket !== this.#options.bucket) throw new Refusal(404, 'NoSuchBucket');
      await this.#serve({ request, response, url, key, fault });
    } catch (error) {
      const { status, code, message } =
        error instanceof Refusal ? error : new Refusal(500, 'InternalError', (error as Error).message);
      if (status === 500) process.stderr.write(`s3 double: ${message}\n`);
      const text = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${escaped(message)}</Message></Error>`;
      this.#send({ request, response, fault }, status, request.method === 'HEAD' ? '' : text);
      request.resume();
    }
  }

  #serve(exchange: Exchange): Promise<void> | void {
    const { request, url, key } = exchange;
    for (const name of url.searchParams.keys())
      if (!/^(x-id|list-type|prefix|continuation-token|max-keys)$/.test(name))
        throw new Refusal(501, 'NotImplemented', name);
    if (key === '' && request.method === 'GET' && url.searchParams.get('list-type') === '2')
      return this.#list(exchange);
    if (key === '') throw new Refusal(501, 'NotImplemented', 'of a bucket only ListObjectsV2');
    if (request.method === 'PUT') return this.#put(exchange);
    if (request.method === 'GET' || request.method === 'HEAD') return this.#get(exchange);
    if (request.method === 'DELETE') {
      this.objects.delete(key);
      return this.#send(exchange, 204, '');
    }
    throw new Refusal(501, 'NotImplemented', request.method);
  }

  async #put(exchange: Exchange): Promise<void> {
    const { request, response, key } = exchange;
    if (!header(request, 'content-length') && !header(request, 'x-amz-decoded-content-length'))
      throw new Refusal(411, 'MissingContentLength');
    this.#checkCondition(exchange);
    if (header(request, 'expect') === '100-continue') response.writeContinue();
    const body = checkedBody(request, await buffer(request));
    this.#checkCondition(exchange); // somebody may have been faster
    const source = header(request, 'x-amz-copy-source');
    const modified = this.#options.now();
    if (source === undefined) {
      this.objects.set(key, { body, modified });
      return this.#send(exchange, 200, '', { etag: etagOf(body) });
    }
    const [, bucket, from] = /^\/?([^/]+)\/(.+)$/.exec(decodeURIComponent(source)) ?? [];
    if (bucket !== this.#options.bucket) throw new Refusal(404, 'NoSuchBucket');
    const copied = this.#held(from!);
    this.objects.set(key, { body: copied.body, modified });
    const result = `<ETag>${escaped(etagOf(copied.body))}</ETag><LastModified>${modified.toISOString()}</LastModified>`;
    return this.#send(exchange, 200, `<?xml version="1.0"?><CopyObjectResult>${result}</CopyObjectResult>`);
  }

  #checkCondition({ request, key }: Exchange): void {
    for (const name of Object.keys(request.headers))
      if (/^(if-|x-amz-copy-source-if)/.test(name) && header(request, name) !== '*')
        throw new Refusal(501, 'NotImplemented', name);
    if (header(request, 'if-none-match') && this.objects.has(key)) throw new Refusal(412, 'PreconditionFailed');
  }

  #held(key: string): Held {
    const held = this.objects.get(key);
    if (!held) throw new Refusal(404, 'NoSuchKey');
    return held;
  }

  #get(exchange: Exchange): void {
    const { request, key } = exchange;
    const { body, modified } = this.#held(key);
    const headers = { etag: etagOf(body), 'last-modified': modified.toUTCString(), 'accept-ranges': 'bytes' };
    const range = header(request, 'range');
    if (range === undefined) return this.#send(exchange, 200, body, headers);
    const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(range) ?? [];
    if (from === undefined) throw new Refusal(501, 'NotImplemented', range);
    const first = Number(from);
    const last = Math.min(to ? Number(to) : Infinity, body.length - 1);
    if (first >= body.length || first > last) throw new Refusal(416, 'InvalidRange');
    return this.#send(exchange, 206, body.subarray(first, last + 1), {
      ...headers,
      'content-range': `bytes ${first}-${last}/${body.length}`,
    });
  }

  /** The token is the last key of the page before. */
  #list(exchange: Exchange): void {
    const { searchParams } = exchange.url;
    const prefix = searchParams.get('prefix') ?? '';
    const after = Buffer.from(searchParams.get('continuation-token') ?? '', 'base64url').toString();
    const most = Math.min(Number(searchParams.get('max-keys') ?? 1000), this.#options.pageSize);
    const keys = [...this.objects.keys()].filter((key) => key.startsWith(prefix) && key > after).sort();
    const page = keys.slice(0, most);
    const contents = page.map((key) => {
      const { body, modified } = this.#held(key);
      return `<Contents><Key>${escaped(key)}</Key><LastModified>${modified.toISOString()}</LastModified><Size>${body.length}</Size></Contents>`;
    });
    const more = keys.length > page.length;
    const token = more
      ? `<NextContinuationToken>${Buffer.from(page.at(-1)!).toString('base64url')}</NextContinuationToken>`
      : '';
    const result = `<KeyCount>${page.length}</KeyCount><IsTruncated>${more}</IsTruncated>${token}${contents.join('')}`;
    this.#send(exchange, 200, `<?xml version="1.0"?><ListBucketResult>${result}</ListBucketResult>`);
  }

  #send(
    { request, response, fault }: Pick<Exchange, 'request' | 'response' | 'fault'>,
    status: number,
    body: string | Buffer,
    headers: Record<string, string> = {},
  ): void {
    if (fault?.fault === 'lost-answer') return void request.socket.destroy();
    const bytes = Buffer.from(body);
    response.writeHead(status, { ...headers, ...(status === 204 ? {} : { 'content-length': bytes.length }) });
    if (request.method === 'HEAD') return void response.end();
    if (fault?.fault !== 'half') return void response.end(bytes);
    response.write(bytes.subarray(0, bytes.length / 2), () => request.socket.destroy());
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const double = await S3Double.start({ port: Number(process.argv[2] ?? 0) });
  process.stdout.write(`${JSON.stringify(double.place)}\n`);
  createInterface({ input: process.stdin }).on('line', (line) => double.fail(JSON.parse(line) as Fault));
}
