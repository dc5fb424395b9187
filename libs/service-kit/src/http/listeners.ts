import http, { type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import https from 'node:https';
import { type AddressInfo, Server as TcpServer, type Socket } from 'node:net';
import { type SecureContextOptions } from 'node:tls';
import { type Address, formatAddress, type ListenPlan } from '@cap/config';
import { answerClientError } from './client-error.js';

/** Which listener took a request. */
const VIA = Symbol('cap.listener');
type Via = 'management' | 'api';
type Marked = IncomingMessage & { [VIA]?: Via };

const HEADERS_TIMEOUT_MS = 20_000;
/** Longer than the idle time-out of common proxies, so that the proxy closes first and loses no request. */
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
  /** Told of a request whose connection closed before its answer was sent. */
  onAbort: ((request: IncomingMessage) => void) | undefined;

  constructor(
    readonly plan: ListenPlan,
    private tls: SecureContextOptions | null,
  ) {}

  /** Fastify's serverFactory: called with its request handler, for the management listener. */
  readonly management = (handler: RequestListener): Server => {
    this.handler = handler;
    return this.make('management', (listener) => http.createServer(listener));
  };

  /**
   * Bytes that are no request. They get an answer of their own only where none is owed or was given for the request before
   * them: the client would take it for that one's.
   */
  readonly clientError = (error: Error, socket: Socket): void => {
    const response = this.newest.get(socket);
    if (!response || (response.req.complete ? response.writableFinished : !response.headersSent))
      answerClientError(error, socket);
    else if (response.writableFinished) socket.destroySoon();
    else response.once('finish', () => socket.destroySoon());
  };

  /** Whether this request may reach a route of management (/healthz, /readyz, /metrics) or of the API. Injected requests reach all. */
  serves(request: IncomingMessage, managementRoute: boolean): boolean {
    const via = (request as Marked)[VIA];
    if (via === undefined) return true;
    return via === 'management' ? managementRoute || this.plan.apiOnManagement : !managementRoute;
  }

  /** Opens the API's own listener, if there is one. Rejects with the system's error. */
  async openApi(): Promise<void> {
    const { api } = this.plan;
    if (!api) return;
    const server = this.make('api', (listener) =>
      api.tls ? https.createServer({ ...this.tls }, listener) : http.createServer(listener),
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

  /** Refuses new API connections. A management listener of its own stays open, so that /readyz can say why. */
  stopAccepting(): void {
    // http.Server.close would cut connections that were accepted and whose request is still on its way.
    for (const { server, via } of this.servers)
      if ((via === 'api' || this.plan.apiOnManagement) && server.listening) TcpServer.prototype.close.call(server);
  }

  /** Closes connections on which nothing runs. */
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

  private make(via: Via, create: (listener: RequestListener) => Server): Server {
    const server = create((request, response) => {
      (request as Marked)[VIA] = via;
      this.newest.set(request.socket, response);
      this.inFlight++;
      response.once('close', () => this.finished(request, response.writableFinished));
      this.handler!(request, response);
    });
    server.headersTimeout = HEADERS_TIMEOUT_MS;
    server.keepAliveTimeout = KEEP_ALIVE_MS;
    server.requestTimeout = REQUEST_TIMEOUT_MS;
    this.servers.push({ server, via });
    return server;
  }

  private finished(request: IncomingMessage, answered: boolean): void {
    if (!answered) this.onAbort?.(request);
    if (--this.inFlight === 0) this.whenIdle?.();
  }
}
