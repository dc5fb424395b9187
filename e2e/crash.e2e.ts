import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect } from 'node:net';
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { Relay } from '../apps/verifier-api/src/relay.fixture.js';
import type { RegistryClient } from '../libs/contracts/src/index.js';
import { CapError } from '../libs/core/src/index.js';
import { verifyRegistry } from '../libs/storage/src/index.js';
import type { Service } from '../scripts/local-stack.mjs';
import { generator, SCALE, SEED } from './chance.js';
import { entryOf, expectSound, leftovers, Ledger, RegistryProcess } from './registry-process.js';
import { root } from './example-project.js';

const KILLS = 10 * SCALE;
const ROLLS = SCALE > 1 ? 20 : 3;
const random = generator(SEED);

let registry: RegistryProcess;
let service: Service;
let client: RegistryClient;
beforeEach(async () => {
  registry = await RegistryProcess.prepare();
  client = registry.client();
});
afterEach(async () => {
  await service.stop('SIGKILL');
  await client.close();
  await registry.remove();
});

describe('kill -9', () => {
  it(
    'at random moments: nothing acknowledged is lost, no BLOB is half there, receipts hold, the next start needs no hand',
    async () => {
      const all = new Ledger();
      let slowest = 0;
      let midway = 0;
      for (let run = 0; run < KILLS; run++) {
        const ledger = new Ledger();
        let halfWritten = await leftovers(registry.at('data'));
        service = registry.start();
        // One in five is killed while it starts, and then starts again.
        if (random() < 0.2) {
          await pause(random() * 700);
          await service.stop('SIGKILL');
          halfWritten = await leftovers(registry.at('data'));
          service = registry.start();
        }
        slowest = Math.max(slowest, await service.ready());
        const still = await leftovers(registry.at('data'));
        expect(still.filter((name) => halfWritten.includes(name))).toEqual([]);
        const writing = ledger.writeUntil(client, () => false);
        await pause(20 + random() * 300);
        await service.stop('SIGKILL');
        await writing;
        midway += ledger.unanswered;
        await expectSound(registry.at('data'));
        service = await registry.started();
        await ledger.expectKept(client);
        await service.stop('SIGKILL');
        for (const [id, stored] of ledger.entries) if (all.entries.size < 40 * (run + 1)) all.entries.set(id, stored);
      }
      service = await registry.started();
      await all.expectKept(client); // the oldest receipts too
      const { entries } = await client.status();
      process.stdout.write(
        `seed ${SEED}: ${KILLS} kills, ${midway} calls cut off, ${entries} entries, slowest start ${slowest.toFixed(0)} ms\n`,
      );
      expect(midway).toBeGreaterThan(KILLS);
    },
    60_000 + KILLS * 6_000,
  );
});

describe('an answer that is lost after the commit', () => {
  it('the same request again gives the same record, and there is one row', async () => {
    service = await registry.started();
    const relay = await Relay.before(registry.url);
    const lost: string[] = [];
    // The first answer to each call is lost.
    relay.fate = ({ method, path: route }) => {
      const call = `${method} ${route}`;
      if (lost.includes(call)) return undefined;
      lost.push(call);
      return 'lost';
    };
    const careless = registry.client({ url: relay.url, retries: 2 });
    const body = randomBytes(1_000);
    const { blob_id } = await careless.putBlob(body, 'upload');
    const { entry, created } = await careless.registerEntry(entryOf(blob_id));
    const list = { id: 'sanctions', kind: 'sanctions' as const, as_of: '2026-01-15' };
    const content = Buffer.from('name,birthdate,nationality,id\nNobody,,DE,\n').toString('base64');
    const stored = await careless.storeList({ ...list, content });
    expect(lost).toEqual(['PUT /v1/blobs?retain=upload', 'POST /v1/entries', 'POST /v1/lists']);
    expect([created, stored.created]).toEqual([false, false]); // the second of the twins was answered
    expect(await client.listEntries({ bundle_id: blob_id })).toEqual({ items: [entry], next_cursor: null });
    const events = (await client.listEvents({ from: 0 })).items.map(({ event }) => event);
    expect(events).toEqual(['entry.registered', 'list.stored']);
    await careless.close();
    await relay.stop();
  });
});

describe('one process owns a data directory', () => {
  it('a second one refuses and names the holder, also one that is stopped; after kill -9 the next start works', async () => {
    service = await registry.started();
    const expectRefused = async () => {
      const second = registry.start({ bind: '127.0.0.1:0' });
      expect((await second.exited).code).toBe(75);
      expect(second.log).toContain(`cap-registry, process ${service.pid} on`);
    };
    await expectRefused();
    process.kill(service.pid, 'SIGSTOP');
    await expectRefused();
    process.kill(service.pid, 'SIGCONT');
    const ledger = new Ledger();
    expect(await ledger.write(client, randomBytes(100))).toBe(true);
    await service.stop('SIGKILL');
    service = await registry.started();
    await ledger.expectKept(client);
  });
});

describe('a clock that jumps by days', () => {
  it('the order is that of the log; pages, receipts and fsck agree', async () => {
    const clock = registry.at('days');
    const env = {
      NODE_OPTIONS: `--import=${pathToFileURL(path.join(root, 'e2e/shifted-clock.mjs')).href}`,
      TEST_CLOCK_FILE: clock,
    };
    await writeFile(clock, '0');
    service = await registry.started({ env });
    const ledger = new Ledger();
    const order: string[] = [];
    const days = [0, 1, -1, 2, -2, 0];
    for (const day of days) {
      await writeFile(clock, String(day));
      for (let i = 0; i < 3; i++) {
        expect(await ledger.write(client, randomBytes(500))).toBe(true);
        order.push([...ledger.entries.keys()].at(-1)!);
      }
      // Another start at this time, as after a crash with a wrong clock.
      await service.stop('SIGKILL');
      service = await registry.started({ env });
    }
    const listed: { entry_id: string; registered_at: string }[] = [];
    for (let cursor: string | undefined; ;) {
      const page = await client.listEntries({ limit: 4, ...(cursor === undefined ? {} : { cursor }) });
      listed.push(...page.items);
      if (page.next_cursor === null) break;
      cursor = page.next_cursor;
    }
    expect(listed.map(({ entry_id }) => entry_id)).toEqual(order);
    const times = listed.map(({ registered_at }) => Date.parse(registered_at));
    expect(times.some((time, i) => i > 0 && time < times[i - 1]! - 86_000_000)).toBe(true); // the clock did jump
    await ledger.expectKept(client);
    await service.stop();
    await expectSound(registry.at('data'));
  }, 120_000);
});

describe('SIGTERM', () => {
  it('under load, again and again: every request that came in is answered, everything acknowledged is there', async () => {
    const ledger = new Ledger();
    // A caller that goes on where it was refused, as the verifier API does.
    const patient = registry.client({ retries: 2 });
    service = await registry.started();
    let done = false;
    const callers = Array.from({ length: 8 }, async () => {
      while (!done) if (!(await ledger.write(patient, randomBytes(2_000), ['overloaded']))) await pause(50);
    });
    const afterWrites = async (count: number) => {
      const wanted = ledger.entries.size + count;
      while (ledger.entries.size < wanted) await pause(20);
    };
    for (let roll = 0; roll < ROLLS; roll++) {
      await afterWrites(12);
      expect(await service.stop()).toEqual({ code: 0, signal: null });
      expect((await verifyRegistry(registry.at('data'))).faults).toEqual([]);
      service = await registry.started();
    }
    await afterWrites(12);
    done = true;
    await Promise.all(callers);
    await patient.close();
    await ledger.expectKept(client);
  }, 120_000);

  it('what was accepted before is answered, not cut off', async () => {
    service = await registry.started();
    const bodies = Array.from({ length: 12 }, () => randomBytes(50_000));
    const answers = bodies.map((body) => client.putBlob(body, 'keep').then(({ blob_id }) => blob_id));
    // They are being received: the first bytes are there.
    await pause(30);
    const ended = service.stop();
    const ids = (await Promise.allSettled(answers)).flatMap((answer) =>
      answer.status === 'fulfilled' ? [answer.value] : [],
    );
    expect(await ended).toEqual({ code: 0, signal: null });
    expect(ids).toHaveLength(bodies.length);
    service = await registry.started();
    for (const id of ids) expect(await client.findBlobSize(id)).toBe(50_000);
  });
});

describe('push-back', () => {
  it('more uploads than there is room for are 503 with Retry-After, and taken when there is', async () => {
    await registry.remove();
    registry = await RegistryProcess.prepare({ limits: { uploads_at_once: 2, uploads_per_subject: 2 } });
    service = await registry.started();
    await client.close();
    client = registry.client();
    const { hostname, port } = new URL(registry.url);
    const slow = Array.from({ length: 2 }, () => {
      const socket = connect(Number(port), hostname);
      socket.write(
        'PUT /v1/blobs?retain=upload HTTP/1.1\r\nhost: x\r\nauthorization: Bearer verifier-token-0123456789\r\n' +
          'content-type: application/octet-stream\r\ncontent-length: 10\r\n\r\n12345',
      );
      return socket;
    });
    let refused: unknown;
    for (let i = 0; i < 100 && !refused; i++) {
      await pause(20);
      refused = await client.putBlob(randomBytes(10), 'upload').then(
        () => undefined,
        (error: unknown) => error,
      );
    }
    expect(refused).toBeInstanceOf(CapError);
    expect(refused).toMatchObject({ status: 503, code: 'overloaded', retryAfter: 1 });
    for (const socket of slow) {
      const answered = once(socket, 'data');
      socket.write('67890');
      expect(String((await answered)[0])).toContain('HTTP/1.1 200');
      socket.destroy();
    }
    expect((await client.putBlob(randomBytes(10), 'upload')).size).toBe(10);
  });
});
