/**
 * One size of the zero-knowledge bench: `node bench/zero-knowledge-case.mjs SUPPLIERS ENTRIES`. Five owners; suppliers and
 * owners are compared with one list of ENTRIES sanctioned persons. Prints figures as JSON. `… prove PROJECT` is the proving
 * alone, in a process of its own, so that its peak memory is its own.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { chunksOf } from '../libs/proof/dist/backends/kzg-columns/verifier.js';
import { productOfRoots } from '../libs/proof/dist/backends/kzg-columns/polynomial.js';
import { valueAt } from '../libs/proof/dist/backends/kzg-columns/statement.js';
import { WorkerPool } from '../libs/proof/dist/index.js';
import { commitColumns, JobScheduler, knownLists, layoutOf } from '../libs/proof/dist/prove.js';
import { readSuppliers, readUbos } from '../libs/lists/dist/intake.js';
import { compilePolicy } from '../libs/policy/dist/index.js';
import { Project } from '../libs/prover/dist/index.js';
import { peakRss } from './process.mjs';
import { bareRate, bareVerify, verifyingFloor, verifyingJob } from './zero-knowledge.mjs';

const MADE_AT = '2026-01-16T00:00:00Z';
/** Some public key: a proof names who signs it, which costs nothing. */
const SIGNER = '0xd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a';
const STATEMENT = { signer: SIGNER, issued_at: MADE_AT };
const VERIFICATIONS = 50;
const OWNERS = 5;
const POINT_BYTES = 48;
/** Two openings at alpha and seven at zeta, 32 bytes each, for each entry of the statement. */
const SCALAR_BYTES_EACH = 9 * 32;
const threads = availableParallelism();
/** Flags of Node that `cap prove` sets for itself, so that it takes little memory. */
const LIKE_CAP_PROVE = ['--max-semi-space-size=4', '--optimize-for-size'];

const print = (figures) => process.stdout.write(`${JSON.stringify(figures)}\n`);

const [suppliers, entries] = process.argv.slice(2).map(Number);
if (process.argv[2] === 'prove') print(await proving(process.argv[3]));
else {
  const directory = await mkdtemp(path.join(tmpdir(), 'cap-bench-zk-'));
  try {
    const project = path.join(directory, 'project');
    print(await figures(await projectIn(project), project));
  } finally {
    await rm(directory, { recursive: true });
  }
}

async function proving(directory) {
  const project = await Project.open(directory);
  const { cpu, wall } = await timed(() => project.prove('kzg-columns', STATEMENT, { threads: threads - 1 }));
  return { 'prove CPU s': cpu, 'prove s': wall, 'peak RSS MB': peakRss(process.pid) };
}

async function figures(project, directory) {
  const { manifest } = await project.manifest();
  const known = knownLists(manifest, await project.lists());
  const commit = await timed(async () => {
    const pool = threads > 1 ? new WorkerPool(threads - 1) : null;
    const jobs = new JobScheduler(pool);
    for (const list of known) await commitColumns(list.list, list.idScheme, layoutOf(list), jobs);
    await pool?.close();
  });
  const args = [...LIKE_CAP_PROVE, fileURLToPath(import.meta.url), 'prove', directory];
  const proved = JSON.parse((await promisify(execFile)(process.execPath, args)).stdout);
  const job = await verifyingJob(project, STATEMENT);
  const chunks = new Map(
    job.statement.lists.flatMap(chunksOf).map((chunk) => [`${chunk[0].valuesHash} ${chunk[1]}`, chunk]),
  );
  const lists = await timed(() => {
    for (const [list, from, to] of chunks.values())
      productOfRoots(Array.from({ length: to - from }, (_, i) => valueAt(list, from + i)));
  });
  const statements = job.statement.lists.length;
  const points = (job.proof.length - statements * SCALAR_BYTES_EACH) / POINT_BYTES + 3 * statements;
  const floor = await verifyingFloor(points, VERIFICATIONS);
  const verify = await bareVerify(job, VERIFICATIONS);
  const one = await bareRate(job, 2 * VERIFICATIONS, 1);
  const all = await bareRate(job, 2 * VERIFICATIONS, threads);
  return {
    'commit CPU s': commit.cpu,
    'commit s': commit.wall,
    'lists CPU s': lists.cpu,
    ...proved,
    'proof B': job.proof.length,
    'verify CPU ms': verify / 1000,
    'floor ms': floor / 1000,
    ratio: verify / floor,
    'verify/s, 1 thread': one,
    [`verify/s, ${threads} threads`]: all,
  };
}

async function timed(work) {
  const [before, started] = [process.cpuUsage(), performance.now()];
  await work();
  const { user, system } = process.cpuUsage(before);
  return { cpu: (user + system) / 1e6, wall: (performance.now() - started) / 1000 };
}

async function projectIn(directory) {
  const table = (head, count, line) => [
    Buffer.from(`${[head, ...Array.from({ length: count }, (_, i) => line(i))].join('\n')}\n`),
  ];
  const project = await Project.prepare(directory, {
    suppliers: await readSuppliers(
      table('name,jurisdiction,tier', suppliers, (i) => `Supplier ${i} GmbH,DE,1`),
      { file: 'suppliers.csv' },
    ),
    ubos: await readUbos(
      table('name,birthdate,citizenship', OWNERS, (i) => `Owner ${'ABCDE'[i]},1960-01-0${i + 1},DE`),
      { file: 'ubos.csv' },
    ),
    files: { suppliers: 'suppliers.csv', ubos: 'ubos.csv' },
    now: MADE_AT,
    threads: threads - 1,
  });
  const compare = (list) => ({ id: `clean-${list}`, op: 'non_membership', lhs: list, rhs: 'sanctions_root' });
  await project.buildManifest({
    policy: compilePolicy({
      id: 'bench',
      version: '1.0.0',
      legal_basis: [{ directive: 'LkSG', article: '§ 5' }],
      description: 'A bound on each list, and neither on the list of sanctions',
      inputs: {},
      rules: [
        { id: 'few', op: 'range_max', lhs: 'supplier_count', rhs: suppliers + 10 },
        { id: 'owned', op: 'range_min', lhs: 'ubo_count', rhs: 1 },
        compare('suppliers'),
        compare('ubos'),
      ],
    }),
    referenceLists: [
      {
        id: 'sanctions',
        bytes: table('name,birthdate,nationality', entries, (i) => `Sanctioned ${i},1970-01-01,EE`)[0],
        asOf: '2026-01-15',
      },
    ],
    company: { name: 'Musterwerk AG' },
    manifestId: '11111111-2222-4333-8444-555555555555',
    asOf: '2026-01-15',
    now: MADE_AT,
  });
  return project;
}
