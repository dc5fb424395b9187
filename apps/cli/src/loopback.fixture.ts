import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Received {
  method: string;
  url: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
}
export interface Answer {
  status: number;
  /** Of an error: what its problem details say beyond what all must. */
  body: unknown;
}

/** Runs `use` against a service on loopback that answers as `answer` says; returns what it received. */
export async function withService(
  answer: (request: Received) => Answer,
  use: (url: string) => Promise<void>,
): Promise<Received[]> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const seen = {
        method: request.method!,
        url: request.url!,
        headers: request.headers,
        body: Buffer.concat(chunks),
      };
      received.push(seen);
      const { status, body } = answer(seen);
      response.writeHead(status, { 'content-type': status < 300 ? 'application/json' : 'application/problem+json' });
      const whole = status < 400 ? body : { type: 'about:blank', title: 'refused', status, ...(body as object) };
      response.end(Buffer.isBuffer(body) ? body : JSON.stringify(whole));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    await new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  }
  return received;
}
