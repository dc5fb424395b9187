/**
 * The registry by itself, on data directories of its own: durable writes against the disk's own fsync rate of the same run,
 * pages and inclusion proofs in logs of several sizes, filters, and the start after kill -9.
 */
import { createHash, randomBytes } from 'node:crypto';
import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { freePort, Service } from '../scripts/local-stack.mjs';
import { cpuSeconds, rss } from './process.mjs';
import { filterTimes, makeRegistry } from './registry-data.mjs';
import { entryOf } from './registry-entry.mjs';

const WRITERS = 64;
const READERS = 8;
const DISK_MS = 1_000;
/** About what one write adds to SQLite's log in a group of 64. */
const BYTES_A_WRITE = 8_192;
const TOKEN = 'verifier-token-of-the-bench';

/**
 * Adds its cases with `add(name, values)`. `logs`: how many entries the logs for pages and proofs have, the smallest first:
 * the others are compared with it. `echo`: CPU of the bare framework for a request.
 */
export async function registryCases({ directory, load, measure, add, say, echo, rounds, writes, reads, logs }) {
  const send = (pid, job) => measure(load, () => cpuSeconds(pid), { amount: writes, connections: WRITERS, ...job });
  const at = (name) => path.join(directory, name);
  const fresh = await prepare(at('registry-writes'));
  let service = fresh.start();
  await service.ready();
  for (let round = -1; round < rounds; round++) {
    const record = round < 0 ? () => {} : add;
    say(round < 0 ? 'registry: warming up' : `registry: round ${round + 1} of ${rounds}`);
    const disk = diskRates(at('disk'));
    const jobs = await writeJobs({ url: fresh.url, file: at('registry-job'), amount: writes });
    const registered = await send(service.pid, jobs.register);
    const both = await send(service.pid, jobs.uploadAndRegister);
    record('registry writes: register', writesOf(registered, disk, echo));
    record('registry writes: upload and register', writesOf(both, disk, echo));
    if (round < 0) continue;
    // In the middle of writes.
    const cut = keepWriting(fresh.url);
    await new Promise((resolve) => setTimeout(resolve, 200));
    await service.stop('SIGKILL');
    await cut;
    service = fresh.start();
    record('start to ready after kill -9', { seconds: (await service.ready()) / 1000, 'RSS MB': rss(service.pid) });
  }
  await service.stop();
  await pagesAndProofs({ at, send, add, say, echo, rounds, reads, logs });
}

const writesOf = (measured, disk, echo) => ({
  ...measured,
  ratio: measured.cpu / echo,
  'fsyncs/s of the disk': disk.fsyncs,
  'writes/s in groups of 64 on the disk': disk.groups,
});

async function pagesAndProofs({ at, send, add, say, echo, rounds, reads, logs }) {
  const first = {};
  for (const size of logs) {
    say(`registry: a log of ${size} entries`);
    const place = await prepare(at(`registry-${size}`));
    await makeRegistry(place.data, size);
    const service = place.start();
    await service.ready();
    const get = (paths) => ({ url: place.url, paths, headers: authorization, amount: reads, connections: READERS });
    const index = (i) => Math.floor((size * i) / 100);
    const cursor = (i) => Buffer.from(String(index(i))).toString('base64url');
    const of100 = Array.from({ length: 100 }, (_, i) => i);
    const cases = {
      'page of 100 entries': get(of100.map((i) => `/v1/entries?limit=100&cursor=${cursor(i * 0.9)}`)),
      'inclusion proof': get(of100.map((i) => `/v1/log/inclusion?log_index=${index(i)}`)),
    };
    for (let round = -1; round < rounds; round++)
      for (const [name, job] of Object.entries(cases)) {
        const measured = await send(service.pid, job);
        if (round < 0) continue;
        (first[name] ??= []).push(measured.cpu);
        const smallest = size === logs[0];
        const compared = smallest
          ? { ratio: measured.cpu / echo }
          : { [`times that of ${logs[0]}`]: measured.cpu / first[name][round] };
        add(`${name}, ${size}`, { ...measured, ...compared });
      }
    await service.stop();
    for (const [name, milliseconds] of Object.entries(await filterTimes(place.data, size)))
      add(`filter ${name}, ${size}`, { p50: milliseconds });
  }
}

const authorization = { authorization: `Bearer ${TOKEN}` };

/** A registry that isn't started yet. */
async function prepare(data) {
  const bind = `127.0.0.1:${await freePort()}`;
  const config = `${data}.json`;
  const token = `sha256:${createHash('sha256').update(TOKEN).digest('hex')}`;
  const registry = {
    bind,
    database: path.join(data, 'registry.db'),
    blobs: path.join(data, 'blobs'),
    tokens: { verifier: [token] },
  };
  // As many uploads at once as there are writers: push-back is not what is measured.
  await writeFile(
    config,
    JSON.stringify({ registry, limits: { uploads_at_once: WRITERS, uploads_per_subject: WRITERS } }),
  );
  const url = `http://${bind}`;
  return { data, url, start: () => new Service('cap-registry', ['--config', config], url) };
}

/** Uploads until the registry is gone. */
async function keepWriting(url) {
  const headers = { ...authorization, 'content-type': 'application/octet-stream' };
  const one = async () => {
    for (;;) await fetch(`${url}/v1/blobs?retain=keep`, { method: 'PUT', headers, body: randomBytes(2_000) });
  };
  await Promise.allSettled(Array.from({ length: READERS }, one));
}

/**
 * What the disk gives, in writes a second: 4 KiB, each made durable, in one file; and groups of 64, with as much in one write
 * and one fsync as SQLite has for them.
 */
function diskRates(file) {
  const rate = (bytes) => {
    const handle = openSync(file, 'w');
    const block = randomBytes(bytes);
    const started = performance.now();
    let count = 0;
    while (performance.now() - started < DISK_MS) {
      writeSync(handle, block, 0, bytes, 0);
      fdatasyncSync(handle);
      count++;
    }
    const seconds = (performance.now() - started) / 1000;
    closeSync(handle);
    return count / seconds;
  };
  return { fsyncs: rate(4_096), groups: rate(BYTES_A_WRITE * WRITERS) * WRITERS };
}

/** Jobs of the load process: registrations alone, and each with the upload of a new BLOB of 2 kB before it. */
async function writeJobs({ url, file, amount }) {
  const answer = await fetch(`${url}/v1/blobs?retain=keep`, {
    method: 'PUT',
    headers: { ...authorization, 'content-type': 'application/octet-stream' },
    body: randomBytes(2_000),
  });
  const { blob_id } = await answer.json();
  const put = async (name, bodies) => {
    await writeFile(`${file}-${name}`, Buffer.concat(bodies));
    return { file: `${file}-${name}`, lengths: bodies.map((body) => body.length) };
  };
  const many = (make) => Array.from({ length: amount }, make);
  const entries = many(() => Buffer.from(JSON.stringify(entryOf(blob_id))));
  return {
    register: {
      url: `${url}/v1/entries`,
      headers: { ...authorization, 'content-type': 'application/json' },
      ...(await put('entries', entries)),
    },
    uploadAndRegister: {
      url,
      headers: authorization,
      entry: entryOf(blob_id),
      ...(await put(
        'blobs',
        many(() => randomBytes(2_000)),
      )),
    },
  };
}
