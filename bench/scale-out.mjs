/**
 * `pnpm build && node bench/scale-out.mjs`: durable writes a second of a registry at 64 callers, on SQLite and on a PostgreSQL server
 * that it starts itself, against what the disk and the server do on their own in the same run.
 */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

const CALLERS = 64;
const SECONDS = 3;
const ROUNDS = 3;

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const hex = () => `0x${randomBytes(32).toString('hex')}`;

/** Flushed writes of one disk page a second, one after the other. */
function fsyncRate(directory) {
  const file = openSync(path.join(directory, 'fsync'), 'w');
  const page = Buffer.alloc(8_192, 'x');
  let count = 0;
  const end = performance.now() + 1_000;
  for (; performance.now() < end; count++) {
    writeSync(file, page, 0, page.length, 0);
    fdatasyncSync(file);
  }
  closeSync(file);
  return count;
}

/** What the server commits a second: one inserted row in each transaction. */
async function serverRate(url, directory, clients) {
  const { postgresPrograms } = await import('../libs/storage/src/database/postgres.fixture.ts');
  const script = path.join(directory, 'insert.sql');
  await writeFile(script, `INSERT INTO floor VALUES ('${'x'.repeat(500)}');\n`);
  const options = ['-n', '-f', script, '-c', String(clients), '-j', '2', '-T', String(SECONDS)];
  const out = execFileSync(path.join(postgresPrograms(), 'pgbench'), [...options, url], { encoding: 'utf8' });
  return Math.round(Number(/tps = ([\d.]+)/.exec(out)[1]));
}

/** Entries registered a second by callers that each wait for their answer, and how long the slowest hundredth waited. */
async function entryRate(store) {
  const bundles = [];
  for (let i = 0; i < CALLERS; i++) bundles.push((await store.recordBlob(hex(), 1, null)).blob_id);
  const waited = [];
  const end = performance.now() + SECONDS * 1_000;
  const started = performance.now();
  await Promise.all(
    bundles.map(async (bundle_id) => {
      while (performance.now() < end) {
        const from = performance.now();
        const none = { manifest_hash: null, proof_hash: null, policy_hash: null, signer_kid: null };
        await store.registerEntry({ bundle_id, result: 'ok', report_hash: hex(), company: 'ACME', ...none });
        waited.push(performance.now() - from);
      }
    }),
  );
  const sorted = waited.toSorted((a, b) => a - b);
  const seconds = (performance.now() - started) / 1_000;
  return { perSecond: Math.round(waited.length / seconds), p99: sorted[Math.floor(sorted.length * 0.99)] };
}

async function main() {
  const { administer, PostgresServer } = await import('../libs/storage/src/database/postgres.fixture.ts');
  const { PostgresDatabase, SqliteDatabase, RegistryStore } = await import('../libs/storage/dist/index.js');
  const directory = await mkdtemp(path.join(tmpdir(), 'cap-bench-'));
  const server = await PostgresServer.start();
  const figures = { fsync: [], server1: [], server64: [], sqlite: [], postgres: [] };
  try {
    const url = await server.createDatabase();
    await administer(url, 'CREATE TABLE floor (text TEXT)');
    const stores = {
      sqlite: new RegistryStore(
        await SqliteDatabase.open(path.join(directory, 'registry.db'), 'write'),
        () => new Date(),
      ),
      postgres: new RegistryStore(await PostgresDatabase.open(url), () => new Date()),
    };
    for (let round = 0; round < ROUNDS; round++) {
      figures.fsync.push(fsyncRate(directory));
      figures.server1.push(await serverRate(url, directory, 1));
      figures.server64.push(await serverRate(url, directory, CALLERS));
      for (const profile of ['sqlite', 'postgres']) figures[profile].push(await entryRate(stores[profile]));
    }
    for (const store of Object.values(stores)) await store.close();
  } finally {
    await server.stop();
    await rm(directory, { recursive: true, force: true });
  }
  const line = (what, value) => console.log(`${what.padEnd(58)}${value}`);
  line('disk: fdatasync of one page a second', median(figures.fsync));
  line('PostgreSQL alone: commits a second, 1 client', median(figures.server1));
  line(`PostgreSQL alone: commits a second, ${CALLERS} clients`, median(figures.server64));
  for (const profile of ['sqlite', 'postgres']) {
    const rates = figures[profile].map(({ perSecond }) => perSecond);
    const late = figures[profile].map(({ p99 }) => p99);
    line(
      `registry on ${profile}: entries a second, ${CALLERS} callers`,
      `${median(rates)}, P99 ${median(late).toFixed(1)} ms`,
    );
  }
}

await main();
