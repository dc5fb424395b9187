import { describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { Agent, get as httpGet } from 'node:http';
import { connect } from 'node:net';
import type { LoadInput } from '@cap/config';
import { greeter } from '../greeter.fixture.js';

const start = async (input: Partial<LoadInput> = {}) => {
  const running = await greeter({}, { input });
  return { ...running, ...(await running.service.listen()) };
};
const ownApi: Partial<LoadInput> = { flags: [{ flag: 'bind', key: 'server.bind', text: '127.0.0.1:0' }] };

const get = (url: string, agent: Agent | false = false) =>
  new Promise<{ status: number; connection: string | undefined; body: string }>((resolve, reject) => {
    httpGet(url, { agent }, (response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => (body += chunk.toString()));
      response.on('end', () =>
        resolve({ status: response.statusCode!, connection: response.headers.connection, body }),
      );
    }).on('error', reject);
  });

describe('stopping', () => {
  it('lets a running request finish, and is not ready meanwhile', async () => {
    const { service, stage, management, api } = await start(ownApi);
    const slow = get(`${api}/slow`);
    await stage.entered.promise;
    const stopped = service.stop();
    const ready = await get(`${management}/readyz`);
    expect(ready.status).toBe(503);
    expect(JSON.parse(ready.body)).toMatchObject({
      status: 'error',
      missing: ['shutdown'],
      error: { shutdown: { status: 'down' } },
    });
    stage.release.resolve();
    expect(await slow).toMatchObject({ status: 200, body: '{"done":true}' });
    await stopped;
    await expect(get(`${api}/open/you`)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await expect(get(`${management}/healthz`)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('announces the end of its connection in the answer to a request that was running already', async () => {
    const { service, stage, api } = await start();
    const agent = new Agent({ keepAlive: true });
    const slow = get(`${api}/slow`, agent);
    await stage.entered.promise;
    const stopped = service.stop();
    stage.release.resolve();
    expect(await slow).toMatchObject({ status: 200, connection: 'close' });
    await stopped;
    agent.destroy();
  });

  it('refuses new connections to the API while the last request still runs', async () => {
    const { service, stage, management, api } = await start(ownApi);
    const slow = get(`${api}/slow`);
    await stage.entered.promise;
    const stopped = service.stop();
    for (;;) {
      const outcome = await get(`${api}/open/you`).then(
        ({ status }) => status,
        (error: { code: string }) => error.code,
      );
      // A reset: the connection stood in the system's queue when the listener closed, and was never accepted.
      if (outcome === 'ECONNREFUSED' || outcome === 'ECONNRESET') break;
      expect(outcome).toBe(200);
    }
    expect((await get(`${management}/readyz`)).status).toBe(503);
    stage.release.resolve();
    expect((await slow).status).toBe(200);
    await stopped;
  });

  it('tells clients that the connection ends, and closes those that are idle', async () => {
    const { service, api } = await start();
    const agent = new Agent({ keepAlive: true });
    expect((await get(`${api}/open/you`, agent)).connection).toBe('keep-alive');
    const [socket] = Object.values(agent.freeSockets).flat();
    const closed = new Promise((resolve) => socket!.once('close', resolve));
    const stopped = service.stop();
    expect(await get(`${api}/open/you`)).toMatchObject({ status: 200, connection: 'close' });
    await Promise.all([stopped, closed]);
    agent.destroy();
  });

  it.each([
    ['on which nothing was sent', ''],
    ['that still sends a body that was refused', 'POST /greetings HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nx'],
  ])('does not wait for a connection %s', async (_of, bytes) => {
    const { service, api, log } = await start();
    const { hostname, port } = new URL(api);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    if (bytes) {
      socket.write(bytes);
      await once(socket, 'data');
    }
    const closed = once(socket, 'close');
    socket.resume().on('error', () => undefined);
    await service.stop();
    await closed;
    expect(log.find('not everything was closed')).toEqual([]);
  });

  it('a second call waits for the first', async () => {
    const { service, log } = await start();
    await Promise.all([service.stop(), service.stop()]);
    expect(log.find('stopped')).toHaveLength(1);
  });
});
