/**
 * `npm run -s bench [-- --short]`: what the services cost, against floors measured in the same run. Cases are interleaved
 * and every figure is the median of its rounds. Prints a table, writes bench/results/latest.json, and ends with 1 when a
 * ratio is more than 60 % worse than the one kept in bench/baseline.json. `-- --zk`: what zero-knowledge proofs of several
 * sizes cost, without any service; writes bench/results/zero-knowledge.json.
 */
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { nodeBinary, root, setUp, toolEnvironment } from '../scripts/setup.mjs';

const short = process.argv.includes('--short');
const keep = process.argv.includes('--keep');
const SIZE = short
  ? { rounds: 3, warm: 3_000, cold: 600, zk: 100, uploads: 6, writes: 2_000, reads: 1_000, logs: [10_000] }
  : {
      rounds: 5,
      warm: 10_000,
      cold: 2_000,
      zk: 400,
      uploads: 20,
      writes: 10_000,
      reads: 5_000,
      logs: [10_000, 1_000_000],
    };
const CONNECTIONS = 32;
const UPLOAD_BYTES = 10_000_000;
const WORSE = 1.6;
const ZK_ROUNDS = 3;

async function main() {
  const { capOk, prepareStack, stopAll, mainOf } = await import('../scripts/local-stack.mjs');
  const { AS_OF, LISTS, makeInputs, POLICY } = await import('./inputs.mjs');
  const { bareCalls } = await import('./bare-calls.mjs');
  const { bareRate, bareVerify, verifyingJob } = await import('./zero-knowledge.mjs');
  const { registryCases } = await import('./registry.mjs');
  const { cpuSeconds, peakRss, rss } = await import('./process.mjs');
  const directory = await mkdtemp(path.join(tmpdir(), 'cap-bench-'));
  const at = (name) => path.join(directory, name);
  const inputs = await makeInputs(directory);
  await writeFile(at('trust.json'), inputs.trust);
  const stack = await prepareStack(at('stack'), { trust: at('trust.json') });
  const registry = stack.start.registry();
  const verifier = stack.start.verifier();
  const children = [];
  try {
    await registry.ready();
    await verifier.ready();
    const floors = await startFloors(path.join(stack.issuer, 'public.pem'), children);
    const load = startLoad(children);
    const token = await stack.token('verify:read registry:write policy:write');
    const authorization = `Bearer ${token}`;
    await publish(stack, authorization, { AS_OF, LISTS, POLICY, capOk });

    const zip = { 'content-type': 'application/zip' };
    const put = async (name, bodies) => {
      await writeFile(at(name), Buffer.concat(bodies));
      return { file: at(name), lengths: bodies.map((body) => body.length) };
    };
    const verify = `${stack.verifierUrl}/verify`;
    const [known] = await inputs.bundles('disclosure', 1);
    const oneBundle = await put('warm', [known]);
    const send = (pid, job) => measure(load, () => cpuSeconds(pid), { connections: CONNECTIONS, ...job });
    const warm = { ...oneBundle, headers: { ...zip, authorization }, amount: SIZE.warm };
    const echo = { ...oneBundle, headers: zip, amount: SIZE.warm };

    const zkBundles = await inputs.bundles('kzg-columns', SIZE.zk * (SIZE.rounds + 1));
    const zkJob = await verifyingJob(inputs.project, inputs.statement);
    const coldBatches = {};
    for (const backend of ['disclosure', 'mock'])
      coldBatches[backend] = await inputs.bundles(backend, SIZE.cold * (SIZE.rounds + 1));
    const key = (await import('node:crypto')).createPublicKey(
      await readFile(at(`keys/${JSON.parse(inputs.trust).signers[0].kid}.pub`)),
    );
    const large = await inputs.large(UPLOAD_BYTES);
    const boundary = 'cap-bench-boundary';
    const form = Buffer.concat([
      Buffer.from(`--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="b.zip"\r\n\r\n`),
      large,
      Buffer.from(`\r\n--${boundary}--\r\n`),
    ]);
    const uploadBody = await put('upload', [form]);
    const upload = {
      ...uploadBody,
      url: `${stack.verifierUrl}/proof/upload`,
      headers: { authorization, 'content-type': `multipart/form-data; boundary=${boundary}` },
      amount: SIZE.uploads,
      connections: 2,
    };

    const samples = {};
    const add = (name, values) => (samples[name] ??= []).push(values);
    for (let round = -1; round < SIZE.rounds; round++) {
      const record = round < 0 ? () => {} : add; // the first round only warms everything up
      say(round < 0 ? 'warming up' : `round ${round + 1} of ${SIZE.rounds}`);
      const bareEcho = await send(floors.pid, { ...echo, url: `${floors.bare}/echo` });
      const kitEcho = await send(floors.pid, { ...echo, url: `${floors.kit}/echo` });
      const warmed = await send(verifier.pid, { ...warm, url: verify });
      record('echo, bare framework', bareEcho);
      record('echo, with log and metrics', kitEcho);
      record('POST /verify, warm', {
        ...warmed,
        ratio: warmed.cpu / bareEcho.cpu,
        'ratio to the echo with log and metrics': warmed.cpu / kitEcho.cpu,
      });
      for (const backend of ['disclosure', 'mock']) {
        const batch = coldBatches[backend].slice((round + 1) * SIZE.cold, (round + 2) * SIZE.cold);
        const cold = await send(verifier.pid, {
          ...(await put('cold', batch)),
          url: verify,
          headers: { ...zip, authorization },
          amount: SIZE.cold,
        });
        const bare = await bareCalls(batch[0], key, short ? 200 : 1_000);
        record(`POST /verify, cold, ${backend}`, {
          ...cold,
          bytes: batch[0].length,
          floor: bareEcho.cpu + bare,
          ratio: cold.cpu / (bareEcho.cpu + bare),
        });
      }
      const proofs = zkBundles.slice((round + 1) * SIZE.zk, (round + 2) * SIZE.zk);
      const rate = await bareRate(zkJob, SIZE.zk);
      const verifyFloor = await bareVerify(zkJob, SIZE.zk / 5);
      await eventLoopDelay(stack.verifierUrl); // what is asked for next begins here
      const judged = await send(verifier.pid, {
        ...(await put('zk', proofs)),
        url: verify,
        headers: { ...zip, authorization },
        amount: SIZE.zk,
      });
      record('POST /verify, cold, kzg-columns', {
        ...judged,
        bytes: proofs[0].length,
        floor: verifyFloor,
        ratio: judged.cpu / verifyFloor,
        'of the rate of bare workers': judged['requests/s'] / rate,
        'event loop delay P99 ms': await eventLoopDelay(stack.verifierUrl),
      });
      const before = rss(verifier.pid);
      const sent = await send(verifier.pid, upload);
      const floor = await writingFloor(at('floor'), large);
      record('POST /proof/upload, 10 MB', {
        ...sent,
        floor,
        ratio: sent.cpu / floor,
        'MB/s': (sent.requests * large.length) / 1e6 / sent.seconds,
        'RSS + MB': Math.max(0, peakRss(verifier.pid) - before),
      });
      const nothing = await timeToEnd(['-e', '0']);
      const version = await timeToEnd([mainOf('cap'), '--version']);
      record('cap --version', { seconds: version, ratio: version / nothing });
      for (const name of ['registry', 'verifier', 'backup'])
        record(`start to ready, ${name}`, await startOf(name, nothing));
    }
    const echoes = samples['echo, bare framework'].map(({ cpu }) => cpu);
    await registryCases({ directory, load, measure, add, say, echo: median(echoes), ...SIZE });
    const wrong = Object.entries(samples).flatMap(([name, all]) => (all.some((s) => s.wrong) ? [name] : []));
    if (wrong.length > 0) throw new Error(`requests failed in: ${wrong.join(', ')}`);
    const results = Object.fromEntries(Object.entries(samples).map(([name, all]) => [name, medians(all)]));
    await report(results);
  } finally {
    for (const child of children) child.kill('SIGTERM');
    await stopAll([verifier, registry]).finally(() => rm(directory, { recursive: true, force: true }));
  }

  async function startOf(name, nothing) {
    const other = await prepareStack(await mkdtemp(path.join(directory, 'start-')), { trust: at('trust.json') });
    const started = [];
    try {
      if (name !== 'registry') {
        started.push(other.start.registry());
        await started[0].ready();
      }
      const service = other.start[name]();
      started.push(service);
      const seconds = (await service.ready()) / 1000;
      return { seconds, 'RSS MB': rss(service.pid), ratio: seconds / nothing };
    } finally {
      await stopAll(started.reverse());
    }
  }
}

const say = (text) => process.stderr.write(`[bench] ${text}\n`);

function startFloors(publicKey, children) {
  const child = spawn(process.execPath, [path.join(root, 'bench/floors.mjs'), publicKey], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  children.push(child);
  return new Promise((resolve, reject) => {
    child.on('exit', (code) => reject(new Error(`the floors ended with ${code}`)));
    createInterface({ input: child.stdout }).once('line', (line) => resolve({ ...JSON.parse(line), pid: child.pid }));
  });
}

/** The load process; jobs run one after the other. */
function startLoad(children) {
  const child = spawn(process.execPath, [path.join(root, 'bench/load.mjs')], { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return async (job) => {
    child.stdin.write(`${JSON.stringify(job)}\n`);
    const { value, done } = await lines.next();
    if (done) throw new Error('the load process ended');
    return JSON.parse(value);
  };
}

/**
 * Milliseconds by which the service's event loop was late in 99 of 100 samples since somebody last asked: Node samples every
 * 10 ms and counts them in.
 */
async function eventLoopDelay(url) {
  const text = await (await fetch(`${url}/metrics`)).text();
  const seconds = /^nodejs_eventloop_lag_p99_seconds (\S+)$/m.exec(text)?.[1];
  if (seconds === undefined) throw new Error('the service does not tell its event loop delay');
  return Number(seconds) * 1000 - 10;
}

/** A job with the server's CPU: microseconds a request. */
async function measure(load, cpu, job) {
  const before = cpu();
  const result = await load(job);
  const used = cpu() - before;
  return { ...result, 'requests/s': result.requests / result.seconds, cpu: (used / result.requests) * 1e6 };
}

async function publish(stack, authorization, { AS_OF, LISTS, POLICY, capOk }) {
  const stored = await fetch(`${stack.verifierUrl}/policy/compile`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: await readFile(POLICY),
  });
  if (!stored.ok) throw new Error(`the policy was not stored: ${await stored.text()}`);
  for (const { id, file } of LISTS)
    await capOk(['lists', 'publish', '--url', stack.verifierUrl, '--id', id, '--as-of', AS_OF, file], {
      env: { CAP_TOKEN: authorization.slice('Bearer '.length) },
    });
}

/** CPU microseconds of hashing the bytes and making them durable in a file: what taking them in can't do without. */
async function writingFloor(file, bytes) {
  const rounds = 5;
  const before = process.cpuUsage();
  for (let i = 0; i < rounds; i++) {
    createHash('sha256').update(bytes).digest();
    const handle = await open(file, 'w');
    await handle.write(bytes);
    await handle.sync();
    await handle.close();
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / rounds;
}

/** Seconds from the start of a Node process to its end. */
function timeToEnd(args) {
  const started = performance.now();
  return new Promise((resolve, reject) => {
    spawn(process.execPath, args, { stdio: 'ignore' }).on('exit', (code) =>
      code === 0 ? resolve((performance.now() - started) / 1000) : reject(new Error(`${args.join(' ')}: ${code}`)),
    );
  });
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
const medians = (all) =>
  Object.fromEntries(Object.keys(all[0]).map((name) => [name, median(all.map((sample) => sample[name]))]));

function print(rows) {
  const widths = rows[0].map((_, i) => Math.max(...rows.map((row) => row[i].length)));
  for (const row of rows)
    process.stdout.write(
      `${row.map((cell, i) => (i ? cell.padStart(widths[i]) : cell.padEnd(widths[i]))).join('  ')}\n`,
    );
}

async function keepResults(name, results) {
  const directory = path.join(root, 'bench/results');
  await mkdir(directory, { recursive: true });
  await writeFile(path.join(directory, name), `${JSON.stringify({ node: process.version, ...results }, null, 2)}\n`);
}

/** Zero-knowledge proofs over lists of several sizes, each in a process of its own. */
async function zeroKnowledge() {
  const sizes = [2_000, 20_000].flatMap((entries) => [48, 1_013, 5_000].map((suppliers) => [suppliers, entries]));
  const samples = new Map(sizes.map((size) => [size, []]));
  for (let round = 0; round < ZK_ROUNDS; round++) {
    say(`round ${round + 1} of ${ZK_ROUNDS}`);
    for (const size of sizes) {
      const args = [path.join(root, 'bench/zero-knowledge-case.mjs'), ...size.map(String)];
      const { stdout } = await promisify(execFile)(process.execPath, args);
      samples.get(size).push(JSON.parse(stdout));
    }
  }
  const results = [...samples].map(([[suppliers, entries], all]) => ({ suppliers, entries, ...medians(all) }));
  const cell = (value) => (Number.isInteger(value) ? String(value) : value.toFixed(2));
  print([Object.keys(results[0]), ...results.map((result) => Object.values(result).map(cell))]);
  await keepResults('zero-knowledge.json', { results });
}

async function report(results) {
  const shown = (value, digits = 1) => (value === undefined ? '' : value.toFixed(digits));
  const rows = [['case', 'requests/s', 'P50 ms', 'P95 ms', 'P99 ms', 'CPU us/request', 'floor us', 'ratio', 'else']];
  for (const [name, r] of Object.entries(results)) {
    const known = new Set(['requests', 'wrong', 'requests/s', 'p50', 'p95', 'p99', 'cpu', 'floor', 'ratio']);
    const more = Object.entries(r)
      .filter(([key]) => !known.has(key) && !(key === 'seconds' && r.cpu !== undefined))
      .map(([key, value]) => `${key} ${value.toFixed(2)}`)
      .join(', ');
    rows.push([
      name,
      ...[r['requests/s'], r.p50, r.p95, r.p99, r.cpu, r.floor].map((value) => shown(value)),
      shown(r.ratio, 2),
      more,
    ]);
  }
  print(rows);
  const ratios = Object.fromEntries(
    Object.entries(results).flatMap(([name, r]) =>
      r?.ratio === undefined ? [] : [[name.replace(/ \(.*/, ''), r.ratio]],
    ),
  );
  await keepResults('latest.json', { short, results });
  const baseline = path.join(root, 'bench/baseline.json');
  if (keep) return writeFile(baseline, `${JSON.stringify(ratios, null, 2)}\n`);
  const kept = JSON.parse(await readFile(baseline, 'utf8'));
  const worse = Object.entries(ratios).filter(([name, ratio]) => ratio > WORSE * (kept[name] ?? Infinity));
  const gone = Object.keys(kept).filter((name) => !(name in ratios));
  for (const [name, ratio] of worse) say(`${name}: ratio ${ratio.toFixed(2)}, kept ${kept[name].toFixed(2)}`);
  for (const name of gone) say(`${name}: kept, and not measured`);
  if (worse.length + gone.length > 0) process.exitCode = 1;
}

await setUp();
if (process.env.CAP_BENCH !== '1') {
  // Again with the project's own Node.
  const child = spawn(nodeBinary(), process.argv.slice(1), {
    env: { ...toolEnvironment(), CAP_BENCH: '1' },
    stdio: 'inherit',
  });
  child.on('exit', (code) => process.exit(code ?? 1));
} else if (process.argv.includes('--zk')) await zeroKnowledge();
else await main();
