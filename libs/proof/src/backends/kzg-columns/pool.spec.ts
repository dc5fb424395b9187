import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Job } from './jobs.js';
import { WorkerPool, type PoolOptions, type RunOptions } from './pool.js';

/**
 * A thread that does what the job tells it. Shared memory is how a job waits for the test and how the test sees what was
 * done: [gate, number of jobs begun].
 */
const WORKER = `
import { parentPort, threadId } from 'node:worker_threads';
parentPort.on('message', ({ what, name, shared }) => {
  const order = shared ? Atomics.add(shared, 1, 1) : 0;
  if (what === 'exit') process.exit(3);
  if (what === 'crash') throw new Error('crashed on ' + name);
  if (what === 'hang') for (;;);
  if (what === 'gate') Atomics.wait(shared, 0, 0);
  if (what === 'sizes') return parentPort.postMessage({ result: name.map(({ bytes }) => [bytes.length, bytes.buffer.byteLength]) });
  if (what === 'throw') return parentPort.postMessage({ error: new Error('threw on ' + name) });
  parentPort.postMessage({ result: { name, order, threadId } });
});
`;

let directory: string;
let file: URL;
beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'cap-pool-'));
  const worker = path.join(directory, 'worker.mjs');
  await writeFile(worker, WORKER);
  file = pathToFileURL(worker);
});
afterAll(() => rm(directory, { recursive: true }));

const pools: WorkerPool[] = [];
const poolOf = (size: number, options: PoolOptions = {}) => {
  const pool = new WorkerPool(size, { source: file, ...options });
  pools.push(pool);
  return pool;
};
afterEach(async () => void (await Promise.all(pools.splice(0).map((pool) => pool.close()))));

interface Done {
  name: string;
  order: number;
  threadId: number;
}
type What = 'done' | 'exit' | 'crash' | 'hang' | 'gate' | 'throw';
const run = (pool: WorkerPool, what: What, name: string, shared?: Int32Array, options?: RunOptions) =>
  pool.run({ what, name, shared } as unknown as Job, options) as unknown as Promise<Done>;
const sharedMemory = () => new Int32Array(new SharedArrayBuffer(8));
const open = (gate: Int32Array) => {
  Atomics.store(gate, 0, 1);
  Atomics.notify(gate, 0);
};
const reason = (promise: Promise<unknown>): Promise<Error> =>
  promise.then(
    () => new Error('not rejected'),
    (error: Error) => error,
  );

describe('the pool', () => {
  it('does jobs in the order in which they came, on as many threads as it may have', async () => {
    const names = ['a', 'b', 'c', 'd', 'e'];
    const alone = poolOf(1);
    const shared = sharedMemory();
    const done = await Promise.all(names.map((name) => run(alone, 'done', name, shared)));
    expect(done.map(({ name, order }) => [name, order])).toEqual(names.map((name, i) => [name, i]));
    expect(new Set(done.map(({ threadId }) => threadId)).size).toBe(1);

    const gate = sharedMemory();
    const two = poolOf(2);
    const held = run(two, 'gate', 'held', gate);
    const passing = await Promise.all(names.map((name) => run(two, 'done', name)));
    expect([two.running, two.waiting]).toEqual([1, 0]);
    open(gate);
    expect(passing.map(({ threadId }) => threadId)).not.toContain((await held).threadId);
  });

  it('sends the bytes of a view without the buffer that it is cut from, and shared memory as it is', async () => {
    const cut = new Uint8Array(new ArrayBuffer(65_536), 100, 48);
    const shared = new Uint8Array(new SharedArrayBuffer(64), 0, 32);
    const job = { what: 'sizes', name: [{ bytes: cut }, { bytes: shared }] };
    expect(await poolOf(1).run(job as unknown as Job)).toEqual([
      [48, 48],
      [32, 64],
    ]);
  });

  it('runs source text too: the workers of a single executable are no files', async () => {
    const source = `
      const { parentPort } = require('node:worker_threads');
      parentPort.on('message', ({ name }) => parentPort.postMessage({ result: name + ' from text' }));
    `;
    expect(await poolOf(1, { source }).run({ name: 'done' } as unknown as Job)).toBe('done from text');
  });

  it('gives an error to the job that caused it; the thread goes on', async () => {
    const pool = poolOf(1);
    const before = await run(pool, 'done', 'before');
    const failed = reason(run(pool, 'throw', 'bad'));
    const after = await run(pool, 'done', 'after');
    expect((await failed).message).toBe('threw on bad');
    expect(after.threadId).toBe(before.threadId);
  });

  it.each([
    ['crash', 'crashed on bad'],
    ['exit', 'the worker ended'],
  ] as const)('a thread that dies (%s) takes only its own job with it and is replaced', async (what, message) => {
    const pool = poolOf(2);
    const gate = sharedMemory();
    const beside = run(pool, 'gate', 'beside', gate);
    const died = reason(run(pool, what, 'bad'));
    const behind = run(pool, 'done', 'behind');
    expect((await died).message).toBe(message);
    expect((await behind).name).toBe('behind');
    open(gate);
    expect((await beside).name).toBe('beside');
    expect([pool.running, pool.waiting]).toEqual([0, 0]);
  });

  it('without its file fails each job and does not hang', async () => {
    const pool = poolOf(1, { source: pathToFileURL(path.join(directory, 'nowhere.mjs')) });
    const failed = await Promise.all([1, 2].map((i) => reason(run(pool, 'done', `${i}`))));
    for (const { message } of failed) expect(message).toContain('nowhere.mjs');
  });

  it('gives a job up by its signal: a waiting one goes, a hanging one is ended with its thread', async () => {
    const pool = poolOf(1);
    const [hanging, waiting] = [new AbortController(), new AbortController()];
    const begun = Promise.withResolvers<void>();
    const first = reason(
      run(pool, 'hang', 'first', undefined, { signal: hanging.signal, begun: () => begun.resolve() }),
    );
    const second = reason(run(pool, 'done', 'second', undefined, { signal: waiting.signal }));
    const third = run(pool, 'done', 'third');
    await begun.promise;
    expect([pool.running, pool.waiting]).toEqual([1, 2]);
    waiting.abort(new Error('nobody waits for the second'));
    expect((await second).message).toBe('nobody waits for the second');
    expect(pool.waiting).toBe(1);
    hanging.abort(new Error('too late'));
    expect((await first).message).toBe('too late');
    expect((await third).name).toBe('third');
    expect((await reason(run(pool, 'done', 'late', undefined, { signal: hanging.signal }))).message).toBe('too late');
    expect((await run(pool, 'done', 'after')).name).toBe('after');
  });

  it('lets no more jobs wait than it may', async () => {
    const pool = poolOf(1, { waiting: 1 });
    const gate = sharedMemory();
    const jobs = [run(pool, 'gate', 'running', gate), run(pool, 'done', 'waiting')];
    await expect(run(pool, 'done', 'too many')).rejects.toMatchObject({ kind: 'busy', code: 'overloaded' });
    open(gate);
    expect((await Promise.all(jobs)).map(({ name }) => name)).toEqual(['running', 'waiting']);
    expect((await run(pool, 'done', 'again')).name).toBe('again');
  });

  it('lets nobody keep the others out: who has most waiting gives up a place, and requesters take turns', async () => {
    const pool = poolOf(1, { waiting: 3 });
    const gate = sharedMemory();
    const order: string[] = [];
    const asked = (name: string, what: What = 'done') =>
      run(pool, what, name, gate, { requester: name[0]! }).then(({ name: done }) => void order.push(done));
    const running = asked('a0', 'gate');
    const [a1, a2] = [asked('a1'), asked('a2')];
    const displaced = reason(asked('a3'));
    const b1 = asked('b1');
    expect(await displaced).toMatchObject({ kind: 'busy', code: 'rate.limited' });
    await expect(asked('a4')).rejects.toMatchObject({ code: 'rate.limited' });
    await expect(asked('b2')).rejects.toMatchObject({ code: 'rate.limited' });
    open(gate);
    await Promise.all([running, a1, a2, b1]);
    expect(order).toEqual(['a0', 'a1', 'b1', 'a2']);
  });

  it('closed with jobs under way and waiting rejects them all, and every later one', async () => {
    const pool = poolOf(2);
    const jobs = ['a', 'b', 'c', 'd'].map((name) => reason(run(pool, 'hang', name)));
    expect([pool.running, pool.waiting]).toEqual([2, 2]);
    await pool.close();
    for (const { message } of await Promise.all(jobs)) expect(message).toBe('the worker pool is closed');
    expect((await reason(run(pool, 'done', 'e'))).message).toBe('the worker pool is closed');
    await pool.close();
  });
});
