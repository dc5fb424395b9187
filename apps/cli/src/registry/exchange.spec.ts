import { readFile, writeFile } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import path from 'node:path';
import { Readable } from 'node:stream';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { sha3Text } from '@cap/crypto';
import { RegistryData } from '@cap/storage';
import { cap, scratch } from '../cli.fixture.js';

let directory: string;
const at = (...parts: string[]) => path.join(directory, ...parts);
const hash = (digit: string) => `0x${digit.repeat(64)}`;

beforeEach(async () => {
  directory = await scratch();
  const place = { database: at('registry.db'), blobs: at('blobs') };
  const data = await RegistryData.open({ ...place, program: 'test' });
  const body = Readable.from([Buffer.from('bundle')]);
  const { blob_id } = await data.putBlob(body, { maxBytes: 100, retain: 'upload' });
  const hashes = { manifest_hash: null, proof_hash: null, policy_hash: null, report_hash: sha3Text('report') };
  await data['database'].registerEntry({
    bundle_id: blob_id,
    ...hashes,
    result: 'ok',
    signer_kid: null,
    company: 'ACME',
  });
  await data.store.storePolicy({
    policy_id: 'lksg@1.0.0',
    format: 'v2',
    id: 'lksg',
    version: '1.0.0',
    policy_hash: sha3Text('{"id":"lksg"}'),
    document: '{"id":"lksg"}',
    status: 'active',
  });
  await data.close();
});

const run = async (verb: string, ...more: string[]) => {
  const { code, out, err } = await cap(['registry', verb, '--data-dir', directory, ...more]);
  return { code, out, err };
};
const bring = async (document: unknown, ...more: string[]) => {
  await writeFile(at('legacy.json'), typeof document === 'string' ? document : JSON.stringify(document));
  return run('import', at('legacy.json'), '--json', ...more);
};
const eventsOf = async () => {
  const { code, out } = await run('export');
  expect(code).toBe(0);
  const lines = out
    .trim()
    .split('\n')
    .map((text) => JSON.parse(text));
  return lines.filter(({ event }) => event === 'legacy.entry').map(({ details }) => details);
};

describe('cap registry export', () => {
  it('gives policies, lists, entries and events, one a line, after a line about the registry', async () => {
    const { code, out } = await run('export');
    expect(code).toBe(0);
    const lines = out
      .trim()
      .split('\n')
      .map((text) => JSON.parse(text));
    expect(lines.map(({ type }) => type)).toEqual(['registry', 'policy', 'entry', 'event', 'event']);
    expect(lines[0]).toMatchObject({ schema: 'cap-registry-export.v1', log_size: 2, head_digest: lines[4].digest });
    expect(lines[1]).toMatchObject({ policy_id: 'lksg@1.0.0', document: { id: 'lksg' } });
    expect(lines[2]).toMatchObject({ company: 'ACME', log_index: 0 });
    expect((await run('export', '--out', at('all.jsonl'))).code).toBe(0);
    expect(await readFile(at('all.jsonl'), 'utf8')).toBe(out);
    expect((await run('export', '--out', at('no', 'all.jsonl'))).code).toBe(73);
  });
});

describe('cap registry import', () => {
  const entry = {
    id: 'proof-1',
    manifest_hash: hash('a'),
    proof_hash: 'B'.repeat(64),
    timestamp: '2025-11-06T11:00:00+01:00',
  };

  it('notes each entry of a JSON registry once, with the digest of the file, and nothing as verified', async () => {
    const document = {
      registry_version: '1.0',
      entries: [entry, { id: 2, manifest_hash: hash('c'), proof_hash: null }],
    };
    const dry = await bring(document, '--dry-run');
    expect(JSON.parse(dry.out)).toMatchObject({ entries: 2, imported: 2, dry_run: true });
    expect(await eventsOf()).toEqual([]);
    expect(JSON.parse((await bring(document)).out)).toMatchObject({ entries: 2, imported: 2 });
    expect(JSON.parse((await bring(document)).out)).toMatchObject({ entries: 2, imported: 0 });
    const imported_from = sha3Text(JSON.stringify(document));
    expect((await eventsOf()).sort((a, b) => (a.legacy_id < b.legacy_id ? -1 : 1))).toEqual([
      { legacy_id: '2', manifest_hash: hash('c'), proof_hash: null, policy_hash: null, added_at: null, imported_from },
      {
        legacy_id: 'proof-1',
        manifest_hash: hash('a'),
        proof_hash: hash('b'),
        policy_hash: null,
        added_at: '2025-11-06T10:00:00.000Z',
        imported_from,
      },
    ]);
    expect(JSON.parse((await run('list', '--json')).out).items).toHaveLength(1);
    expect((await run('fsck')).code).toBe(0);
  });

  it('reads an SQLite file with a table registry_entries', async () => {
    const file = at('legacy.sqlite');
    const db = new DatabaseSync(file);
    db.exec(`CREATE TABLE registry_entries (id TEXT, manifest_hash TEXT, proof_hash TEXT, timestamp TEXT, remarks TEXT);
             INSERT INTO registry_entries VALUES ('a', '${hash('1')}', '${hash('2')}', '2025-01-01T00:00:00Z', NULL),
                                                 ('b', '${hash('3')}', NULL, NULL, 'a note')`);
    db.close();
    const refused = await run('import', file);
    expect([refused.code, refused.err]).toEqual([65, expect.stringContaining('registry_entries row 2: remarks')]);
    expect(await eventsOf()).toEqual([]);
    expect((await run('import', file, '--leave-out', 'remarks')).code).toBe(0);
    expect((await eventsOf()).map(({ legacy_id }) => legacy_id).sort()).toEqual(['a', 'b']);
  });

  it.each<[string, unknown, string]>([
    ['another version', { registry_version: '2.0', entries: [] }, 'registry_version'],
    ['no version', { entries: [] }, 'registry_version'],
    ['no entries', { registry_version: '1.0' }, 'entries is not an array'],
    ['no object', { registry_version: '1.0', entries: [entry, 7] }, 'entries[1]: is not an object'],
    [
      'a broken hash',
      { registry_version: '1.0', entries: [{ ...entry, proof_hash: '0x12' }] },
      'entries[0]: proof_hash',
    ],
    ['no manifest hash', { registry_version: '1.0', entries: [{ id: 'x' }] }, 'entries[0]: manifest_hash is missing'],
    [
      'a time without zone',
      { registry_version: '1.0', entries: [{ ...entry, timestamp: '2025-11-06 11:00' }] },
      'timestamp',
    ],
    [
      'two times',
      { registry_version: '1.0', entries: [{ ...entry, added_at: '2020-01-01T00:00:00Z' }] },
      'contradicts',
    ],
    [
      'an unknown member',
      { registry_version: '1.0', entries: [{ ...entry, owner: 'A. Person' }] },
      'owner has no counterpart',
    ],
    ['an id twice', { registry_version: '1.0', entries: [entry, entry] }, 'duplicate id'],
    ['an id with spaces', { registry_version: '1.0', entries: [{ ...entry, id: 'A Person' }] }, 'entries[0]: id'],
    ['a list', [], 'expected an object'],
    ['no JSON', 'no json', 'legacy.json'],
  ])('refuses %s with its place, and notes nothing', async (_what, document, said) => {
    const { code, err } = await bring(document);
    expect([code, err]).toEqual([65, expect.stringContaining(said)]);
    expect(await eventsOf()).toEqual([]);
  });

  it('refuses an SQLite file without the table, and says where none is', async () => {
    expect((await run('import', at('registry.db'))).err).toContain('has no table registry_entries');
    expect((await run('import', at('nowhere.json'))).code).toBe(66);
  });
});
