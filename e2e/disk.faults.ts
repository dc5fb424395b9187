/**
 * Faults of the disk under a real registry process. Needs Linux, root and strace; a part of .ci/run and not of `npm test`, since
 * a fresh machine has neither. Where it can't run it fails.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import type { RegistryClient } from '../libs/contracts/src/index.js';
import { isRemoteError } from '../libs/core/src/index.js';
import { mainOf, type Service } from '../scripts/local-stack.mjs';
import { entryOf, expectSound, Ledger, RegistryProcess } from './registry-process.js';

/** On the write path: what makes files, fills them and makes them durable. */
const CALLS = ['fsync', 'rename', 'openat', 'pwrite64', 'write'];
/** At the first start: what makes the data directory. */
const FIRST_CALLS = ['fsync', 'rename', 'link', 'mkdir'];
const AT_MOST = 30;
/** For as many starts of a registry, one after the other, on a machine that has other things to do. */
const SWEEP_MS = 600_000;
/** Longer than a checkpoint waits to be written. */
const SETTLED_MS = 150;
/** One thread for files, so that the n-th call is the n-th. */
const env = { UV_THREADPOOL_SIZE: '1' };

const tally: string[] = [];
afterAll(() => void process.stdout.write(`${tally.join('\n')}\n`));

interface Sweep {
  call: string;
  fault: 'error=EIO' | 'signal=KILL';
}

/** A thrown failure of the service, or of the connection to it, and nothing else. */
async function tolerant<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (isRemoteError(error) && error.status >= 500) return null;
    throw error;
  }
}

describe('every write of the write path fails once', () => {
  let registry: RegistryProcess;
  let client: RegistryClient;
  let service: Service;
  const ledger = new Ledger();
  beforeAll(async () => {
    registry = await RegistryProcess.prepare();
    client = registry.client({ timeoutMs: 20_000 });
    service = await registry.started({ env });
  }, 60_000);
  afterAll(async () => {
    await service.stop('SIGKILL');
    await client.close();
    await registry.remove();
  });

  /** An upload, its registration, and what an Idempotency-Key adds. */
  async function writeAll(body: Buffer, key: string): Promise<boolean> {
    const blob = await tolerant(client.putBlob(body, 'upload'));
    if (blob) ledger.blobs.set(blob.blob_id, blob.size);
    const stored = blob && (await tolerant(client.registerEntry(entryOf(blob.blob_id))));
    if (stored) ledger.entries.set(stored.entry.entry_id, stored);
    const id = `0x${key}` as const;
    const lease_id = '00000000-0000-4000-8000-000000000000';
    const kept = await tolerant(
      client.reserveKey({ key_id: id, request_digest: id, lease_id, lease_seconds: 60 }).then(async ({ answer }) => {
        if (answer === null) await client.finishKey(id, { lease_id, status: 200 }, body);
        return true;
      }),
    );
    return Boolean(stored && kept);
  }

  /** False once there is no n-th call any more. */
  async function failNth({ call, fault }: Sweep, n: number): Promise<boolean> {
    const trace = registry.at('trace');
    await rm(trace, { force: true });
    const inject = `inject=${call}:${fault}:when=${n}`;
    const strace = spawn('strace', ['-f', '-o', trace, '-e', `trace=${call}`, '-e', inject, '-p', String(service.pid)]);
    const ended = once(strace, 'exit');
    await once(strace.stderr, 'data'); // it is attached
    const [body, key] = [randomBytes(10_000), randomBytes(32).toString('hex')];
    await writeAll(body, key);
    await pause(SETTLED_MS);
    strace.kill('SIGTERM');
    await ended;
    const injected = /INJECTED|killed by SIGKILL/.test(await readFile(trace, 'utf8'));
    const died = await Promise.race([service.exited, pause(20).then(() => null)]);
    if (died) service = await registry.started({ env });
    // Whatever became of it, the same again succeeds.
    expect([call, fault, n, await writeAll(body, key)]).toEqual([call, fault, n, true]);
    return injected;
  }

  it.each(
    CALLS.flatMap((call): Sweep[] => [
      { call, fault: 'error=EIO' },
      { call, fault: 'signal=KILL' },
    ]),
  )(
    '$call: $fault',
    async (sweep) => {
      let n = 1;
      while (n <= AT_MOST && (await failNth(sweep, n))) n++;
      await ledger.expectKept(client);
      expect(await service.stop()).toEqual({ code: 0, signal: null });
      await expectSound(registry.at('data'));
      service = await registry.started({ env });
      tally.push(`${sweep.call} ${sweep.fault}: ${n - 1} places`);
    },
    SWEEP_MS,
  );

  it('is not about nothing', () => {
    expect(ledger.entries.size).toBeGreaterThan(50);
    for (const call of ['fsync', 'rename', 'openat', 'write'])
      expect(tally.some((line) => new RegExp(`^${call} signal=KILL: [1-9]`).test(line))).toBe(true);
  });
});

describe('the first start is killed', () => {
  it.each(FIRST_CALLS)(
    'at each %s: the next one needs no hand',
    async (call) => {
      let n = 1;
      for (; n <= AT_MOST; n++) {
        const registry = await RegistryProcess.prepare();
        const first = spawn(
          'strace',
          [
            ...['-f', '-o', registry.at('trace'), '-e', `trace=${call}`, '-e', `inject=${call}:signal=KILL:when=${n}`],
            ...[process.execPath, mainOf('cap-registry'), '--config', registry.config],
          ],
          // A group of its own: strace lets no signal end it, but ends with what it watches.
          { env: { PATH: process.env.PATH!, ...env }, stdio: 'ignore', detached: true },
        );
        const ended = once(first, 'exit').then(() => true);
        const ready = untilReady(registry.url, ended);
        const killed = await Promise.race([ended, ready.then(() => false)]);
        if (!killed) {
          process.kill(-first.pid!, 'SIGTERM');
          await ended;
        }
        const service = await registry.started({ env });
        expect(await new Ledger().write(registry.client(), randomBytes(100))).toBe(true);
        expect(await service.stop()).toEqual({ code: 0, signal: null });
        await expectSound(registry.at('data'));
        await registry.remove();
        if (!killed) break;
      }
      tally.push(`first start, ${call} signal=KILL: ${n - 1} places`);
    },
    SWEEP_MS,
  );

  async function untilReady(url: string, ended: Promise<unknown>): Promise<void> {
    let over = false;
    void ended.then(() => (over = true));
    while (!over) {
      const ready = await fetch(`${url}/readyz`).then(
        ({ ok }) => ok,
        () => false,
      );
      if (ready) return;
      await pause(20);
    }
  }
});

describe('a disk that takes its time for each fsync', () => {
  let registry: RegistryProcess;
  let client: RegistryClient;
  let service: Service;
  let strace: ChildProcess | undefined;
  beforeAll(async () => {
    registry = await RegistryProcess.prepare({ limits: { uploads_per_subject: 16 } });
    client = registry.client({ timeoutMs: 60_000 });
    service = await registry.started();
    expect(await new Ledger().write(client, randomBytes(100))).toBe(true);
  }, 60_000);
  afterEach(() => void strace?.kill('SIGTERM'));
  afterAll(async () => {
    await service.stop('SIGKILL');
    await client.close();
    await registry.remove();
  });

  async function slow(seconds: number): Promise<void> {
    const inject = `inject=fsync,fdatasync:delay_exit=${seconds * 1_000_000}`;
    strace = spawn('strace', ['-f', '-o', '/dev/null', '-e', inject, '-p', String(service.pid)]);
    await once(strace.stderr!, 'data'); // it is attached
  }

  /** What answers while the writes are not done; the number of rounds. */
  async function answersMeanwhile(writing: Promise<unknown>, atMost = Infinity): Promise<[string, number][]> {
    let done = false;
    const settled = () => void (done = true);
    void writing.then(settled, settled);
    const answers: [string, number][] = [];
    for (let round = 0; !done && round < atMost; round++)
      for (const route of ['/healthz', '/readyz', '/metrics']) {
        const { status } = await fetch(registry.url + route);
        if (!done) answers.push([route, status]);
      }
    return answers;
  }

  it('holds up a commit, and nobody else: health, readiness and reads are answered while it waits', async () => {
    const { blob_id } = await client.putBlob(randomBytes(100), 'upload');
    await slow(3);
    const writing = client.registerEntry(entryOf(blob_id));
    const answers = await answersMeanwhile(writing, 4);
    expect(answers).toHaveLength(12);
    expect(answers.filter(([, status]) => status !== 200)).toEqual([]);
    expect((await writing).created).toBe(true);
  }, 60_000);

  it('lets as many uploads through at once as there may be, and the registry stays ready', async () => {
    await slow(1);
    const ledger = new Ledger();
    const writing = Promise.all(Array.from({ length: 16 }, () => ledger.write(client, randomBytes(1_000))));
    const answers = await answersMeanwhile(writing);
    expect(answers.filter(([, status]) => status !== 200)).toEqual([]);
    expect(await writing).toEqual(Array<boolean>(16).fill(true));
    strace!.kill('SIGTERM');
    await ledger.expectKept(client);
  }, 120_000);
});

describe('a full disk', () => {
  const MIB = 1024 * 1024;
  let mounted: string | null = null;
  let registry: RegistryProcess;
  let service: Service | undefined;
  let client: RegistryClient;
  afterAll(async () => {
    await service?.stop('SIGKILL');
    await client?.close();
    if (mounted) execFileSync('umount', [mounted]);
    await registry?.remove();
  });

  it('writes are 507, reads work, and with room again it goes on by itself: nothing acknowledged is lost', async () => {
    const place = await RegistryProcess.prepare();
    const data = place.at('small');
    await mkdir(data);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m,mode=0700', 'tmpfs', data]);
    mounted = data;
    // Ready is who has room for one bundle: a small one here.
    registry = await RegistryProcess.prepare({ data, limits: { bundle_bytes: 2 * MIB } });
    client = registry.client();
    service = registry.start();
    await service.ready();
    const ledger = new Ledger();
    for (let i = 0; i < 5; i++) expect(await ledger.write(client, randomBytes(10_000))).toBe(true);
    const before = [...ledger.blobs.keys()];

    const refused = async (work: Promise<unknown>): Promise<string> => {
      const error = await work.then(
        () => null,
        (thrown: unknown) => thrown,
      );
      if (error === null) return 'done';
      if (!isRemoteError(error)) throw error;
      return `${error.status} ${error.code}`;
    };
    for (let round = 0; round < 3; round++) {
      // Room that can be given back; then large BLOBs until there is no more, then all that is left is taken too.
      await writeFile(`${data}/ballast`, Buffer.alloc((6 - 2 * round) * MIB));
      const outcomes = new Set<string>();
      for (let i = 0; i < 40 && !outcomes.has('507 storage.full'); i++) {
        const body = randomBytes(MIB);
        outcomes.add(
          await refused(client.putBlob(body, 'upload').then((blob) => ledger.blobs.set(blob.blob_id, blob.size))),
        );
      }
      await fillUp(`${data}/filler`);
      expect([...outcomes].filter((outcome) => !['done', '507 storage.full'].includes(outcome))).toEqual([]);
      expect(await refused(client.putBlob(randomBytes(100_000), 'upload'))).toBe('507 storage.full');
      // A row needs more room than there is: sooner or later it is refused, with the same words.
      const rows = new Set<string>();
      for (let i = 0; i < 400 && !rows.has('507 storage.full'); i++) {
        const entry = { ...entryOf(before[0]!), report_hash: `0x${randomBytes(32).toString('hex')}` as const };
        const write = client.registerEntry(entry).then((stored) => ledger.entries.set(stored.entry.entry_id, stored));
        rows.add(await refused(write));
      }
      expect(rows.has('507 storage.full')).toBe(true);
      expect([...rows].filter((outcome) => !['done', '507 storage.full'].includes(outcome))).toEqual([]);
      await ledger.expectKept(client); // reads work
      await rm(`${data}/ballast`);
      await rm(`${data}/filler`);
      expect(await ledger.write(client, randomBytes(10_000))).toBe(true);
    }
    expect(await service.stop()).toEqual({ code: 0, signal: null });
    await expectSound(data);
    service = undefined;
    await place.remove().catch(() => undefined);
  }, 120_000);

  /** Writes until nothing more goes in. */
  async function fillUp(file: string): Promise<void> {
    for (const size of [MIB, 4_096]) {
      for (;;) {
        const taken = await writeFile(file, Buffer.alloc(size), { flag: 'a' }).then(
          () => true,
          () => false,
        );
        if (!taken) break;
      }
    }
  }
});
