import { randomUUID } from 'node:crypto';
import http, { type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import https from 'node:https';
import { type AddressInfo, Server as TcpServer, Socket } from 'node:net';
import type { SecureContextOptions } from 'node:tls';
import { CapError } from '@cap/core';
import { type Address, formatAddress, type ListenPlan } from '@cap/config';
import { requestId, securityHeaders } from './answer-headers.js';
import { clientProblem, methodOf, type ParserError, refuse } from './client-error.js';

/** Which listener took a request. */
const VIA = Symbol('cap.listener');
type Via = 'management' | 'api';
/** An answer that was written directly to the socket. */
const REFUSED = Symbol('cap.refused');
/** An Expect header other than 100-continue. */
const UNMET = Symbol('cap.unmet');
/** A client that waits for 100 Continue before it sends its body. */
const WAITS = Symbol('cap.waits');
type Marked = IncomingMessage & { [VIA]?: Via; [REFUSED]?: CapError; [UNMET]?: true; [WAITS]?: true };

/** An answer to bytes that never became a request. */
export interface Refusal {
  readonly problem: CapError;
  readonly requestId: string;
  readonly method: string;
  /** Address of the other end of the connection. */
  readonly client: string | undefined;
}

/** The status counted for a request whose client disconnected before the answer, as in nginx. */
const CLIENT_CLOSED = 499;

const HEADERS_TIMEOUT_MS = 20_000;
/** How often Node looks for connections that exceed its timeouts. */
const CONNECTIONS_CHECK_MS = 5_000;
const HANDSHAKE_TIMEOUT_MS = 20_000;
/** How long a client may leave a ready answer unread. */
const UNREAD_TIMEOUT_MS = 30_000;
/** Longer than the idle timeout of common proxies, so that the proxy closes first and loses no request. */
const KEEP_ALIVE_MS = 75_000;
const REQUEST_TIMEOUT_MS = 300_000;

const boundTo = (server: Server): Address => {
  const { address, port } = server.address() as AddressInfo;
  return { host: address, port };
};

/**
 * The sockets of a service: management (plain HTTP), and the API's own listener where the plan has one. Both feed one Fastify
 * instance, which owns the management server; this class makes both and counts what is in flight.
 */
export class Listeners {
  private readonly servers: { server: Server; via: Via }[] = [];
  private handler: RequestListener | undefined;
  private apiServer: Server | undefined;
  private inFlight = 0;
  /** The answer to the newest request of each connection. */
  private readonly newest = new WeakMap<Socket, ServerResponse>();
  private whenIdle: (() => void) | undefined;
  /** Called for a request whose response was not sent, with the status to count it under. */
  onUnsent: ((request: IncomingMessage, status: number) => void) | undefined;
  /** Called for each answer to bytes that were not an HTTP request. */
  onRefusal: ((refusal: Refusal) => void) | undefined;
  /** On every answer. */
  readonly fixedHeaders: Readonly<Record<string, string>>;

  constructor(
    readonly plan: ListenPlan,
    private tls: SecureContextOptions | null,
    private readonly unreadTimeoutMs = UNREAD_TIMEOUT_MS,
  ) {
    this.fixedHeaders = securityHeaders(plan.api?.tls === true);
  }

  /** Fastify's serverFactory: called with its request handler, for the management listener. */
  readonly management = (handler: RequestListener): Server => {
    this.handler = handler;
    return this.make('management', (options, listener) => http.createServer(options, listener));
  };

  /**
   * Handles bytes that are not an HTTP request. They are answered only if no earlier request on the connection could take the
   * answer for its own.
   */
  readonly clientError = (error: ParserError, socket: Socket): void => {
    const problem = clientProblem(error);
    if (!problem || !socket.writable) return void socket.destroy();
    const request: Marked | undefined = this.newest.get(socket)?.req;
    if (request && !request.complete && !this.newest.get(socket)!.headersSent) {
      request[REFUSED] = problem;
      refuse(socket, problem, requestId(request), this.fixedHeaders);
    } else this.refuseBehind(socket, problem, methodOf(error));
  };

  /** Whether this request may reach a route of management (/healthz, /readyz, /metrics) or of the API. Injected requests reach all. */
  serves(request: IncomingMessage, managementRoute: boolean): boolean {
    const via = (request as Marked)[VIA];
    if (via === undefined) return true;
    return via === 'management' ? managementRoute || this.plan.apiOnManagement : !managementRoute;
  }

  /** Why a request violates HTTP itself, checked before routing; null if it does not. */
  protocolProblem(request: IncomingMessage): CapError | null {
    if ((request as Marked)[UNMET])
      return new CapError('request.schema', 'Expect: only 100-continue is supported.', { status: 417 });
    if (request.httpVersion === '1.1' && request.headers.host === undefined)
      return new CapError('request.schema', 'The header Host is missing.');
    return null;
  }

  /** Sends 100 Continue to a client that waits for it: only now is it certain that the body will be read. */
  continue(request: IncomingMessage, response: ServerResponse): void {
    if ((request as Marked)[WAITS]) response.writeContinue();
  }

  /** From now on the client must read what it is sent. */
  expectReader({ socket }: IncomingMessage): void {
    if (socket instanceof Socket) socket.setTimeout(this.unreadTimeoutMs);
  }

  /** Called when a connection has been silent: destroys it if it is idle, or if the client leaves an answer unread. */
  private stalled(socket: Socket): void {
    const response = this.newest.get(socket);
    if (!response || response.writableFinished || socket.writableLength > 0) socket.destroy();
  }

  /** Opens the API's own listener, if there is one. Rejects with the system's error. */
  async openApi(): Promise<void> {
    const { api } = this.plan;
    if (!api) return;
    const server = this.make('api', (options, listener) =>
      api.tls
        ? https.createServer({ ...options, ...this.tls, handshakeTimeout: HANDSHAKE_TIMEOUT_MS }, listener)
        : http.createServer(options, listener),
    );
    server.on('clientError', this.clientError);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(api.address, () => {
        server.off('error', reject);
        resolve();
      });
    });
    this.apiServer = server;
  }

  /** Base URLs as bound, for the log and for tests. */
  urls(): { management: string; api: string } {
    const management = `http://${formatAddress(boundTo(this.servers[0]!.server))}`;
    if (!this.apiServer) return { management, api: management };
    return { management, api: `${this.plan.api!.tls ? 'https' : 'http'}://${formatAddress(boundTo(this.apiServer))}` };
  }

  /** New connections get this certificate; those that are open keep theirs. */
  replaceCertificate(tls: SecureContextOptions): void {
    this.tls = tls;
    if (this.apiServer instanceof https.Server) this.apiServer.setSecureContext(tls);
  }

  /** Refuses new API connections. A separate management listener stays open, so that /readyz can report the shutdown. */
  stopAccepting(): void {
    // http.Server.close would cut connections that were accepted and whose request is still on its way.
    for (const { server, via } of this.servers)
      if ((via === 'api' || this.plan.apiOnManagement) && server.listening) TcpServer.prototype.close.call(server);
  }

  /** Closes connections without a request in progress. */
  closeIdle(): void {
    for (const { server } of this.servers) server.closeIdleConnections();
  }

  closeAll(): void {
    for (const { server } of this.servers) {
      if (server.listening) server.close();
      server.closeAllConnections();
    }
  }

  /** Resolves when no request is being answered. */
  idle(): Promise<void> {
    if (this.inFlight === 0) return Promise.resolve();
    return new Promise((resolve) => (this.whenIdle = resolve));
  }

  private make(via: Via, create: (options: http.ServerOptions, listener: RequestListener) => Server): Server {
    const take: RequestListener = (request, response) => {
      (request as Marked)[VIA] = via;
      this.newest.set(request.socket, response);
      this.inFlight++;
      response.once('close', () => this.finished(request, response.writableFinished));
      this.handler!(request, response);
    };
    const options = {
      connectionsCheckingInterval: CONNECTIONS_CHECK_MS,
      headersTimeout: HEADERS_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      requireHostHeader: false, // Node's own answer has no body, and calls no handler
    };
    const server = create(options, take);
    // Node's own answer to any other expectation has neither body nor headers, and calls no handler.
    server.on('checkExpectation', (request, response) => {
      (request as Marked)[UNMET] = true;
      take(request, response);
    });
    server.on('checkContinue', (request, response) => {
      (request as Marked)[WAITS] = true;
      take(request, response);
    });
    server.on('timeout', (socket: Socket) => this.stalled(socket));
    // Without this handler Node closes the connection without an answer.
    server.on('connect', ({ socket }: IncomingMessage) =>
      this.refuseBehind(socket, new CapError('route.unknown', 'This server is not a proxy.'), 'CONNECT'),
    );
    this.servers.push({ server, via });
    return server;
  }

  private refuseBehind(socket: Socket, problem: CapError, method: string): void {
    const response = this.newest.get(socket);
    if (response && !response.writableFinished) return void response.once('finish', () => socket.destroySoon());
    if (response && !response.req.complete) return socket.destroySoon();
    const id = randomUUID();
    this.onRefusal?.({ problem, requestId: id, method, client: socket.remoteAddress });
    refuse(socket, problem, id, this.fixedHeaders);
  }

  private finished(request: IncomingMessage, sent: boolean): void {
    if (!sent) this.onUnsent?.(request, (request as Marked)[REFUSED]?.status ?? CLIENT_CLOSED);
    if (--this.inFlight === 0) this.whenIdle?.();
  }
}
