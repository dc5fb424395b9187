import { chmod, cp, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type ChainEvent, chainFault, nextEvent } from '@cap/tlog';
import { digestText, sha3Text } from '@cap/crypto';
import { jcsText } from '@cap/core';
import type { CompiledPolicy } from '@cap/policy';
import { backendById, decodeContainer } from '@cap/proof';
import { parseManifest, type CommitmentScheme } from '@cap/proof/manifest';
import { proverFor } from '@cap/proof/prove';
import { readSuppliers, readUbos } from '@cap/lists/intake';
import { JURISDICTIONS, policyOf, RULES, SANCTIONS, SIGNER } from '../../proof/src/backends/proving.fixture.js';
import { appendAuditEvent, parseAuditLog } from './audit.js';
import { projectLogFault } from './log-fault.js';
import type { PrepareInput } from './commit-lists.js';
import type { ReferenceListInput } from './inputs.js';
import { Project } from './project.js';

const SUPPLIERS =
  'name,jurisdiction,tier,due_diligence\nHallerwald GmbH,DE,1,\nKarst Metall,KP,2,true\nFil & Tissu,FR,1,\n';
const UBOS = 'name,birthdate,citizenship\nAda Byron,1815-12-10,GB\n';
const NOW = '2026-01-15T09:30:00Z';
const LATER = '2026-01-15T10:00:00Z';
const policy = policyOf(RULES.few, RULES.clean, RULES.safe);
const statement = { signer: SIGNER, audience: 'auditor', issued_at: LATER };

let root: string;
let directory: string;
beforeEach(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'cap-project-'));
  directory = path.join(root, 'project');
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function prepare(options: Partial<PrepareInput> & { csv?: string } = {}): Promise<Project> {
  const { csv = SUPPLIERS, ...rest } = options;
  return Project.prepare(directory, {
    suppliers: await readSuppliers(Buffer.from(csv), { file: 'suppliers.csv' }),
    ubos: await readUbos(Buffer.from(UBOS), { file: 'ubos.csv' }),
    files: { suppliers: 'suppliers.csv', ubos: 'ubos.csv' },
    now: NOW,
    ...rest,
  });
}

/** What prepare() writes, made once: half a second of commitments that a test of later steps only needs to find. */
let template: string;
beforeAll(async () => {
  template = await mkdtemp(path.join(os.tmpdir(), 'cap-prepared-'));
  directory = path.join(template, 'project');
  await prepare();
});
afterAll(() => rm(template, { recursive: true, force: true }));

async function prepared(): Promise<Project> {
  await cp(path.join(template, 'project'), directory, { recursive: true });
  return Project.open(directory);
}

const references: ReferenceListInput[] = [
  { id: 'sanctions', bytes: Buffer.from(SANCTIONS), asOf: '2026-01-10' },
  { id: 'jurisdictions', bytes: Buffer.from(JURISDICTIONS), asOf: '2026-01-01' },
];
const build = (
  project: Project,
  chosen: CompiledPolicy = policy,
  referenceLists = references,
  scheme: CommitmentScheme = 'merkle-blake3.v3',
) =>
  project.buildManifest({
    scheme,
    policy: chosen,
    referenceLists,
    company: { name: 'Hallerwald AG' },
    manifestId: 'm-1',
    asOf: '2026-01-14',
    now: LATER,
  });
const text = (name: string) => readFile(path.join(directory, name), 'utf8');
const mode = async (name: string) => (await stat(path.join(directory, name))).mode & 0o777;
const exists = (name: string) =>
  stat(path.join(directory, name)).then(
    () => true,
    () => false,
  );

describe('preparing a project', () => {
  it('writes rows, salts, commitments and the first event; what is secret only for the owner', async () => {
    const project = await prepare();
    expect(await mode('.')).toBe(0o700);
    for (const name of ['secrets.json', 'lists/suppliers.json', 'lists/ubos.json'])
      expect(await mode(name)).toBe(0o600);
    const commitments = await project.commitments();
    expect(commitments).toMatchObject([
      { list: 'suppliers', scheme: 'merkle-blake3.v3', id_scheme: 'name', count: 3 },
      { list: 'ubos', scheme: 'merkle-blake3.v3', id_scheme: 'person', count: 1 },
      { list: 'suppliers', scheme: 'kzg-columns.v1', id_scheme: 'name', segments: [{}] },
      { list: 'ubos', scheme: 'kzg-columns.v1', id_scheme: 'person', segments: [{}] },
    ]);
    const events = await project.audit();
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({ seq: 0, ts: NOW, event: 'lists.committed' });
    expect(chainFault(null, events[0]!)).toBeNull();
    for (const name of ['commitments.json', 'audit.jsonl']) expect(await text(name)).not.toContain('Hallerwald');
  });

  it('keeps the line of each row and gives rows and salts back in leaf order', async () => {
    const [suppliers] = await (await prepare()).lists();
    const lineOf = Object.fromEntries(suppliers!.rows.map(({ name }, i) => [name, suppliers!.lines[i]]));
    expect(lineOf).toEqual({ 'Hallerwald GmbH': 2, 'Karst Metall': 3, 'Fil & Tissu': 4 });
    expect(suppliers!.secrets.leaves).toHaveLength(3);
  });

  it('names what others may read of rows and salts', async () => {
    const project = await prepare();
    expect(await project.exposedFiles()).toEqual([]);
    await chmod(path.join(directory, 'secrets.json'), 0o644);
    await chmod(path.join(directory, 'lists/ubos.json'), 0o620);
    expect(await project.exposedFiles()).toEqual([
      { file: path.join(directory, 'secrets.json'), mode: 0o644 },
      { file: path.join(directory, 'lists/ubos.json'), mode: 0o620 },
    ]);
  });

  it('takes fresh salts each time', async () => {
    const first = await (await prepare()).commitments();
    await rm(directory, { recursive: true });
    const second = await (await prepare()).commitments();
    first.forEach((commitment, i) => expect(second[i]).not.toEqual(commitment));
  });

  it('never writes over a project, whose salts would be lost', async () => {
    await prepare();
    const secrets = await text('secrets.json');
    await expect(prepare()).rejects.toMatchObject({ kind: 'cannot-create', code: 'project.exists' });
    expect(await text('secrets.json')).toBe(secrets);
  });

  it('starts anew in a directory that an interrupted run left without commitments', async () => {
    await prepare();
    await rm(path.join(directory, 'commitments.json'));
    await expect(Project.open(directory)).rejects.toMatchObject({ kind: 'missing', code: 'project.incomplete' });
    expect(await (await prepare()).audit()).toHaveLength(1);
  });

  it('refuses duplicates before it writes anything', async () => {
    await expect(prepare({ csv: `${SUPPLIERS}HALLERWALD G.m.b.H.,DE,3,\n` })).rejects.toMatchObject({
      code: 'list.invalid',
      message: expect.stringContaining('suppliers.csv:5'),
    });
    expect(await exists('.')).toBe(false);
  });

  it('can encrypt the secrets, which are then needed to prove', async () => {
    const flip = async (bytes: Uint8Array) => bytes.map((byte) => byte ^ 0xff);
    const project = await prepare({ protect: flip });
    expect(await exists('secrets.json')).toBe(false);
    expect(await mode('secrets.json.age')).toBe(0o600);
    await expect(project.lists()).rejects.toMatchObject({ kind: 'usage', code: 'project.secrets' });
    expect((await project.lists(flip))[0]!.secrets.leaves).toHaveLength(3);
  });
});

describe('building the manifest', () => {
  it('writes policy, lists and manifest, and names the audit log as it stood', async () => {
    const project = await prepared();
    const [before] = await project.audit();
    const { manifest, hash } = await build(project);
    const bytes = await readFile(path.join(directory, 'manifest.json'));
    expect(parseManifest(bytes)).toEqual(manifest);
    expect(hash).toBe(sha3Text(bytes));
    expect(manifest).toMatchObject({
      as_of: '2026-01-14',
      created_at: LATER,
      company: { name: 'Hallerwald AG' },
      policy: { hash: policy.policy_hash },
      reference_lists: [
        { id: 'sanctions', hash: sha3Text(SANCTIONS), as_of: '2026-01-10' },
        { id: 'jurisdictions', hash: sha3Text(JURISDICTIONS), as_of: '2026-01-01' },
      ],
      audit: { tail_digest: before!.digest, events_count: 1 },
    });
    expect(await text('reference/sanctions.csv')).toBe(SANCTIONS);
    expect((await project.policy()).policy_hash).toBe(policy.policy_hash);
    expect((await project.audit()).map(({ event }) => event)).toEqual(['lists.committed', 'manifest.built']);
  });

  it('takes the proof of an earlier manifest away', async () => {
    const project = await prepared();
    await build(project);
    await project.prove('disclosure', statement);
    await build(project, policy, references.slice(0, 1));
    for (const name of ['proof.capz', 'proof.json', 'reference/jurisdictions.csv'])
      expect(await exists(name)).toBe(false);
  });

  it('refuses bad lists and names that are no file names', async () => {
    const project = await prepared();
    const sanctions = (changes: Partial<ReferenceListInput>) =>
      build(project, policy, [{ ...references[0]!, ...changes }]);
    await expect(sanctions({ bytes: Buffer.from('name\n,\n') })).rejects.toMatchObject({ code: 'list.invalid' });
    await expect(sanctions({ id: '../sanctions' })).rejects.toMatchObject({ code: 'list.options' });
    await expect(sanctions({ asOf: '10.01.2026' })).rejects.toMatchObject({ code: 'list.options' });
    expect(await exists('manifest.json')).toBe(false);
  });
});

describe('the scheme of a manifest', () => {
  it('is one for both lists, by which the backend is chosen', async () => {
    const project = await prepared();
    const schemes = async (scheme?: CommitmentScheme) => {
      const { manifest } = await build(project, policy, references, scheme);
      return [manifest.commitments.map(({ list, scheme }) => [list, scheme]), proverFor(manifest).backend.name];
    };
    const both = (scheme: string) => [
      ['suppliers', scheme],
      ['ubos', scheme],
    ];
    expect(await schemes('merkle-blake3.v3')).toEqual([both('merkle-blake3.v3'), 'disclosure']);
    expect(await schemes('kzg-columns.v1')).toEqual([both('kzg-columns.v1'), 'kzg-columns']);
    const { manifest } = await project.buildManifest({
      policy,
      referenceLists: references,
      company: {},
      manifestId: 'm-2',
      asOf: '2026-01-14',
      now: LATER,
    });
    expect(manifest.commitments.map(({ scheme }) => scheme)).toEqual(['kzg-columns.v1', 'kzg-columns.v1']);
  });

  it.each([
    ['kzg-columns.v1', 'disclosure', /--backend kzg-columns or --backend mock, .*--scheme merkle-blake3$/],
    ['merkle-blake3.v3', 'kzg-columns', /--backend disclosure or --backend mock, .*--scheme kzg-columns$/],
  ] as const)('%s is refused to %s, with the remedy', async (scheme, backend, remedy) => {
    const project = await prepared();
    await build(project, policy, references, scheme);
    await expect(project.prove(backend, statement)).rejects.toMatchObject({
      kind: 'usage',
      code: 'proof.backend',
      message: expect.stringMatching(remedy),
    });
    await expect(project.prove('mock', statement)).resolves.toMatchObject({ backend: 'mock' });
  });
});

describe('proving', () => {
  it('writes a container that verifies, and the record of what it states', async () => {
    const project = await prepared();
    const { manifest, hash } = await build(project);
    const record = await project.prove('disclosure', statement);
    const { bytes, record: kept } = await project.proof();
    expect(kept).toEqual(record);
    expect(record).toEqual({
      schema: 'cap-proof-record.v2',
      backend: 'disclosure',
      proof_hash: sha3Text(bytes),
      manifest_hash: hash,
      policy_hash: policy.policy_hash,
      vk_hash: digestText(Buffer.alloc(32)),
      statement,
    });
    const { backendId, payload } = decodeContainer(bytes);
    const context = {
      manifest,
      manifestHash: hash,
      policy,
      policyHash: policy.policy_hash,
      statement,
      referenceLists: await project.referenceLists(),
    };
    const verdict = await backendById(backendId)!.verify(context, payload);
    expect([verdict!.binding, verdict!.validity]).toEqual([{ ok: true }, { ok: true }]);
    expect((await project.audit()).at(-1)).toMatchObject({
      event: 'proof.made',
      ts: LATER,
      details: { proof_hash: record.proof_hash },
    });
  });

  it('refuses a false statement, names rule and line, and writes nothing', async () => {
    const project = await prepare({ csv: `${SUPPLIERS}Noxious Ltd,RU,1,\n` });
    await build(project, policyOf(RULES.clean));
    const events = await text('audit.jsonl');
    await expect(project.prove('disclosure', statement)).rejects.toMatchObject({
      kind: 'refused',
      message: expect.stringMatching(/^rule clean does not hold: suppliers line 5 \("Noxious Ltd"\) is "Noxious Ltd"/),
    });
    expect(await exists('proof.capz')).toBe(false);
    expect(await text('audit.jsonl')).toBe(events);
  });

  it('refuses a reference list, policy or manifest that was changed afterwards', async () => {
    const project = await prepared();
    await build(project);
    const put = (name: string, content: string) => writeFile(path.join(directory, name), content);
    await put('reference/sanctions.csv', `${SANCTIONS}Another,,,\n`);
    await expect(project.prove('mock', statement)).rejects.toMatchObject({ kind: 'input', code: 'list.unnamed' });
    await put('reference/sanctions.csv', SANCTIONS);
    await put('reference/eu.csv', SANCTIONS);
    await expect(project.prove('mock', statement)).rejects.toMatchObject({
      code: 'list.unnamed',
      message: expect.stringContaining('eu.csv'),
    });
    await rm(path.join(directory, 'reference/eu.csv'));
    const kept = await text('policy.json');
    await put('policy.json', policyOf(RULES.few).canonicalText);
    await expect(project.prove('mock', statement)).rejects.toMatchObject({ kind: 'input', code: 'policy.hash' });
    await put('policy.json', kept);
    await put('manifest.json', JSON.stringify(JSON.parse(await text('manifest.json')), null, 2));
    await expect(project.prove('mock', statement)).rejects.toMatchObject({
      kind: 'input',
      code: 'manifest.canonical',
    });
  });

  it('refuses changed rows and salts', async () => {
    const project = await prepared();
    await build(project);
    const list = await text('lists/suppliers.json');
    await writeFile(path.join(directory, 'lists/suppliers.json'), list.replace('Karst Metall', 'Karst Metal'));
    await expect(project.prove('mock', statement)).rejects.toMatchObject({
      kind: 'input',
      code: 'proof.other-lists',
    });
    await writeFile(path.join(directory, 'lists/suppliers.json'), list.replace('"tier":2', '"tier":"2"'));
    await expect(project.prove('mock', statement)).rejects.toMatchObject({
      kind: 'input',
      code: 'project.malformed',
      message: expect.stringContaining('tier'),
    });
    await writeFile(path.join(directory, 'lists/suppliers.json'), list);
    await rm(path.join(directory, 'secrets.json'));
    const missing = await project.prove('mock', statement).catch((error: Error) => error);
    expect(missing).toMatchObject({
      kind: 'missing',
      code: 'project.incomplete',
      message: expect.stringMatching(/secrets\.json: no such file.*put it back from a copy/),
    });
    expect((missing as Error).message).not.toContain('.age');
  });

  it('takes only statements that have one reading', async () => {
    const project = await prepared();
    await build(project);
    for (const odd of [
      { nonce: '' },
      { audience: '' },
      { issued_at: 'now' },
      { expires_at: '2026-01-16' },
      { expires_at: LATER },
    ])
      await expect(project.prove('mock', { ...statement, ...odd })).rejects.toMatchObject({
        code: 'statement.malformed',
      });
    await expect(project.prove('zkvm' as never, statement)).rejects.toMatchObject({ code: 'option.unsupported' });
  });

  it('says which command comes first', async () => {
    const project = await prepared();
    await expect(project.prove('mock', statement)).rejects.toMatchObject({
      kind: 'missing',
      message: expect.stringContaining('cap manifest build'),
    });
    await build(project);
    await expect(project.proof()).rejects.toMatchObject({
      kind: 'missing',
      message: expect.stringContaining('cap prove'),
    });
  });

  it('does not describe a proof that was put in place of its own', async () => {
    const project = await prepared();
    await build(project);
    await project.prove('mock', statement);
    await writeFile(path.join(directory, 'proof.capz'), 'CAPZ');
    await expect(project.proof()).rejects.toMatchObject({ kind: 'input', code: 'proof.stale' });
  });
});

describe('audit.head', () => {
  const log = () => path.join(directory, 'audit.jsonl');
  const cut = async (count: number) => {
    const lines = (await text('audit.jsonl')).split('\n');
    await writeFile(
      log(),
      lines
        .slice(0, -1 - count)
        .map((line) => `${line}\n`)
        .join(''),
    );
  };
  const proved = async () => {
    const project = await prepared();
    await build(project);
    await project.prove('mock', statement);
    return project;
  };
  const fault = async (project: Project) =>
    projectLogFault(project, parseAuditLog(await readFile(log()), 'audit.jsonl'));

  it('names the last event, for its owner only', async () => {
    const project = await proved();
    const events = await project.audit();
    expect(JSON.parse(await text('audit.head'))).toEqual({
      schema: 'cap-audit-head.v1',
      events_count: 3,
      tail_digest: events[2]!.digest,
    });
    expect(await mode('audit.head')).toBe(0o600);
    expect(await fault(project)).toBeNull();
  });

  it('shows the loss of the newest events, to which nothing is added then', async () => {
    const project = await proved();
    const head = await text('audit.head');
    await cut(1);
    expect(await fault(project)).toContain('names 3 events, the log has 2');
    const broken = { kind: 'input', code: 'audit.broken' };
    await expect(project.prove('mock', statement)).rejects.toMatchObject(broken);
    await expect(build(project)).rejects.toMatchObject(broken);
    await expect(appendAuditEvent(log(), NOW, 'bundle.created', {})).rejects.toMatchObject(broken);
    expect(await text('audit.head')).toBe(head);
    await writeFile(log(), '');
    expect(await fault(project)).toContain('the log has 0');
  });

  it('shows a newest event that was exchanged for another', async () => {
    const project = await proved();
    const head = await text('audit.head');
    await cut(1);
    await rm(path.join(directory, 'audit.head'));
    const [, second] = parseAuditLog(await readFile(log()), 'audit.jsonl');
    const other = nextEvent(second!, LATER, 'proof.made', { proof_hash: `0x${'1'.repeat(64)}` });
    await writeFile(log(), `${await text('audit.jsonl')}${jcsText(other)}\n`);
    await writeFile(path.join(directory, 'audit.head'), head);
    expect(await fault(project)).toContain('event 2:');
  });

  it('is missed, and the log is not added to without it', async () => {
    const project = await proved();
    await rm(path.join(directory, 'audit.head'));
    expect(await fault(project)).toContain('audit.head: no such file');
    await expect(project.prove('mock', statement)).rejects.toMatchObject({ code: 'audit.broken' });
  });

  it('may be one event behind, where a crash came between', async () => {
    const project = await prepared();
    const head = await text('audit.head');
    await build(project);
    await writeFile(path.join(directory, 'audit.head'), head);
    expect(await fault(project)).toBeNull();
    await project.prove('mock', statement);
    expect(JSON.parse(await text('audit.head')).events_count).toBe(3);
  });

  it('cut together with the log still leaves manifest and proof, which name events of their own', async () => {
    const project = await proved();
    const cutBoth = async () => {
      await cut(1);
      const last = parseAuditLog(await readFile(log()), 'audit.jsonl').at(-1)!;
      const head = { schema: 'cap-audit-head.v1', events_count: last.seq + 1, tail_digest: last.digest };
      await writeFile(path.join(directory, 'audit.head'), JSON.stringify(head));
    };
    await cutBoth();
    expect(await fault(project)).toContain('the log has no event proof.made');
    await cutBoth();
    expect(await fault(project)).toContain('the log has no event manifest.built');
    await rm(path.join(directory, 'manifest.json'));
    await writeFile(path.join(directory, 'commitments.json'), '{"commitments":[],"schema":"cap-commitments.v1"}');
    expect(await fault(project)).toContain('the log has no event lists.committed');
  });
});

describe('audit.jsonl', () => {
  const log = async () => {
    const file = path.join(root, 'audit.jsonl');
    for (const event of ['one', 'two', 'three']) await appendAuditEvent(file, NOW, event, { n: 1 });
    return readFile(file, 'utf8');
  };
  const parse = (content: string): ChainEvent[] => parseAuditLog(Buffer.from(content), 'audit.jsonl');

  it('chains its events', async () => {
    expect(parse(await log()).map(({ seq, event }) => [seq, event])).toEqual([
      [0, 'one'],
      [1, 'two'],
      [2, 'three'],
    ]);
    expect(parse('')).toEqual([]);
  });

  it('shows a changed, removed or swapped event, with its line', async () => {
    const content = await log();
    const [one, two, three] = content.trimEnd().split('\n') as [string, string, string];
    const broken = (lines: string[]) => () => parse(`${lines.join('\n')}\n`);
    expect(broken([one, two.replace('"two"', '"2"'), three])).toThrow('audit.jsonl:2');
    expect(broken([one, three])).toThrow('audit.jsonl:2');
    expect(broken([two, one, three])).toThrow('audit.jsonl:1');
    expect(() => parse(content.trimEnd())).toThrow('cut off');
    expect(broken([one, '{}'])).toThrow('audit.jsonl:2');
    expect(broken([one, 'x'])).toThrow('audit.jsonl:2');
  });
});
