import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

export interface Relayed {
  method: string;
  path: string;
  body: Buffer;
}
/** What becomes of a call: another body, an answer instead of the registry's, never an answer, or one that is lost on its way back. */
export type Fate =
  { body: Buffer } | { status: number; code: string; detail?: string } | 'silence' | 'lost' | undefined;

/** Stands between the API and its registry and passes calls on, but for those that a test has other plans with. */
export class Relay {
  fate: (call: Relayed) => Fate | Promise<Fate> = () => undefined;

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async before(registry: string): Promise<Relay> {
    const server = createServer((request, response) => {
      void answer(request).then(
        (given) => {
          if (!given) return;
          response.writeHead(given.status, given.headers);
          response.end(given.body);
        },
        () => response.destroy(),
      );
    });
    const answer = async (request: IncomingMessage) => {
      const call = { method: request.method!, path: request.url!, body: await buffer(request) };
      const fate = await relay.fate(call);
      if (fate === 'silence') return null;
      if (typeof fate === 'object' && 'code' in fate) return problem(fate);
      const { 'content-length': _length, host: _host, connection: _connection, ...headers } = request.headers;
      const body = typeof fate === 'object' ? fate.body : call.body;
      const passed = await fetch(new URL(call.path, registry), {
        method: call.method,
        headers: headers as Record<string, string>,
        ...(body.length > 0 ? { body } : {}),
      });
      const given = Buffer.from(await passed.arrayBuffer());
      if (fate === 'lost') throw new Error('the answer is lost');
      return {
        status: passed.status,
        headers: Object.fromEntries(
          [...passed.headers].filter(([name]) => !['connection', 'keep-alive', 'transfer-encoding'].includes(name)),
        ),
        body: given,
      };
    };
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const relay = new Relay(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    return relay;
  }

  /** Resolves once a call comes that `chosen` picks; that one is never answered. */
  swallow(chosen: (call: Relayed) => boolean): Promise<void> {
    return new Promise((resolve) => {
      const before = this.fate;
      this.fate = (call) => {
        if (!chosen(call)) return before(call);
        resolve();
        return 'silence';
      };
    });
  }

  async stop(): Promise<void> {
    if (!this.server.listening) return;
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}

const problem = ({ status, code, detail = 'no' }: { status: number; code: string; detail?: string }) => ({
  status,
  headers: { 'content-type': 'application/problem+json' },
  body: Buffer.from(JSON.stringify({ type: `urn:cap:problem:${code}`, title: 'No', status, code, detail })),
});
