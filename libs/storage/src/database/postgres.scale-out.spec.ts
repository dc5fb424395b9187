import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { isCapError } from '@cap/core';
import { administer, PostgresServer } from './postgres.fixture.js';
import { POSTGRES_MIGRATIONS } from './postgres-migrations.js';
import { PostgresDatabase } from './postgres-database.js';
import { RegistryStore } from './registry-store.js';

/** A server of its own, which may be stopped. */
let server: PostgresServer;
let url: string;
let database: PostgresDatabase;
let store: RegistryStore;
beforeAll(async () => {
  server = await PostgresServer.start();
}, 60_000);
afterAll(() => server.stop());
beforeEach(async () => {
  url = await server.createDatabase();
  database = await PostgresDatabase.open(url);
  store = new RegistryStore(database, () => new Date());
});
afterEach(() => store.close());

const UNAVAILABLE = { kind: 'unavailable', code: 'storage.unavailable' };
const append = (i: number) => store.appendEvent('backup.drill', { i });
const numbers = async () => (await store.listEvents(0, 10_000)).map(({ details }) => details.i as number);
/** Ends every session of the registry's database, as an operator or a failover does. */
const endSessions = () =>
  administer(
    server.url,
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${new URL(url).pathname.slice(1)}'`,
  );

describe('a PostgreSQL server', () => {
  it('that is gone is unavailable for writes, reads and the start; when it is back everything goes on', async () => {
    await append(0);
    await server.halt('immediate');
    try {
      await expect(append(1)).rejects.toMatchObject(UNAVAILABLE);
      await expect(store.totals()).rejects.toMatchObject(UNAVAILABLE);
      await expect(store.findEntry('x')).rejects.toMatchObject(UNAVAILABLE);
      await expect(store.epoch()).rejects.toMatchObject(UNAVAILABLE);
      await expect(PostgresDatabase.open(url)).rejects.toMatchObject(UNAVAILABLE);
    } finally {
      await server.resume();
    }
    await append(2);
    expect(await numbers()).toEqual([0, 2]);
  });

  it('that does not keep what it commits is refused', async () => {
    await server.halt('fast');
    const lossy = await PostgresServer.start({ fsync: 'off' });
    try {
      await expect(PostgresDatabase.open(await lossy.createDatabase())).rejects.toMatchObject({
        kind: 'config',
        code: 'config.invalid',
        message: expect.stringContaining('fsync = off'),
      });
    } finally {
      await lossy.stop();
      await server.resume();
    }
  });

  it('that commits without waiting by default waits for ours', async () => {
    await administer(server.url, `ALTER DATABASE ${new URL(url).pathname.slice(1)} SET synchronous_commit = off`);
    const other = await PostgresDatabase.open(url);
    const [setting] = await other.write((session) => session.all(`SHOW synchronous_commit`));
    expect(setting).toEqual({ synchronous_commit: 'on' });
    await other.close();
  });
});

describe('connections that break while writes go on', () => {
  it('cost nothing that was acknowledged, and whoever asks again gets the same entry', async () => {
    const acknowledged: string[] = [];
    const failures: unknown[] = [];
    let ended = false;
    const writers = Array.from({ length: 4 }, async (_, writer) => {
      for (let i = 0; !ended; i++) {
        const policy = { policy_id: `p${writer}@${i}`, policy_hash: `0x${writer}_${i}` } as const;
        const stored = { ...policy, format: 'v2', id: 'p', version: `${i}`, document: '{}', status: 'draft' } as const;
        for (;;)
          try {
            const { record } = await store.storePolicy(stored);
            expect((await store.storePolicy(stored)).created).toBe(false);
            acknowledged.push(record.policy_id);
            break;
          } catch (error) {
            if (!isCapError(error) || error.code !== 'storage.unavailable') throw error;
            failures.push(error);
          }
      }
    });
    for (let i = 0; i < 15; i++) {
      await endSessions();
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    ended = true;
    await Promise.all(writers);
    expect(failures.length).toBeGreaterThan(0);
    const events = await store.listEvents(0, 10_000);
    const logged = events.map(({ details }) => details.policy_id as string);
    expect(new Set(logged).size).toBe(logged.length);
    expect([...logged].sort()).toEqual([...acknowledged].sort());
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, i) => i));
  });
});

describe('two processes', () => {
  it('write one after the other, and neither waits forever for one that stopped in the middle', async () => {
    const other = await PostgresDatabase.open(url);
    let inside = () => {};
    const entered = new Promise<void>((resolve) => (inside = resolve));
    let leave = () => {};
    const stopped = other.write(async (session) => {
      await session.run(`SET LOCAL idle_in_transaction_session_timeout = 300`); // what the program says is 15 s
      inside();
      await new Promise<void>((resolve) => (leave = resolve));
      await session.run(`UPDATE totals SET entries = 99`);
    });
    await entered;
    const started = Date.now();
    await append(0);
    expect(Date.now() - started).toBeGreaterThan(200);
    leave();
    await expect(stopped).rejects.toMatchObject(UNAVAILABLE);
    expect(await store.totals()).toMatchObject({ log_size: 1, entries: 0 });
    await other.close();
  });

  it('bring the schema up to date once', async () => {
    const fresh = await server.createDatabase();
    const opened = await Promise.all([1, 2, 3].map(() => PostgresDatabase.open(fresh)));
    const applied = await opened[0]!.reading.all('SELECT name FROM migrations');
    expect(applied).toHaveLength(POSTGRES_MIGRATIONS.length);
    for (const each of opened) await each.close();
  });
});

it('a refused write harms no other of its group, also when the database refuses it', async () => {
  const outcomes = await Promise.allSettled([
    append(0),
    database.write((session) => session.run(`INSERT INTO epochs VALUES (7, 12345)`)), // no such event: seen at the commit
    append(1),
  ]);
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(await numbers()).toEqual([0, 1]);
});
