import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { type Digest, kidOf, sha3Text, signEnvelope } from '@cap/crypto';
import { formatVerifierKey, verifierKey } from '@cap/tlog/notes';
import { jcs } from '@cap/core';
import { RegistryData } from '@cap/storage';
import { cap, scratch } from '../cli.fixture.js';
import { PAYLOAD_TYPE } from './export-format.js';

const { privateKey } = generateKeyPairSync('ed25519');
const origin = 'log.example/cap';
const LOG_KEY = formatVerifierKey(verifierKey('ed25519', origin, createPublicKey(privateKey)));
const KID_OF_SIGNER = 'a'.repeat(32);

let directory: string;
let kid: string;
let entries: string[];
const at = (...parts: string[]) => path.join(directory, ...parts);

beforeAll(async () => {
  directory = await scratch();
  let clock = new Date('2026-01-01T00:00:00Z');
  const place = { database: at('data', 'registry.db'), blobs: at('data', 'blobs') };
  const data = await RegistryData.open({
    ...place,
    program: 'test',
    now: () => clock,
    log: { origin, keys: [privateKey] },
  });
  entries = [];
  for (let i = 0; i < 20; i++) {
    clock = new Date(clock.getTime() + 86_400_000);
    const body = Readable.from([Buffer.from(`bundle ${i}`)]);
    const { blob_id } = await data.putBlob(body, { maxBytes: 100, retain: 'upload' });
    const hashes = { manifest_hash: null, proof_hash: null, policy_hash: sha3Text('policy') as Digest };
    const { record } = await data['database'].registerEntry({
      bundle_id: blob_id,
      ...hashes,
      report_hash: sha3Text(`report ${i}`),
      result: i % 2 === 0 ? 'ok' : 'fail',
      signer_kid: KID_OF_SIGNER,
      company: i % 4 === 0 ? '=Formel "GmbH"' : 'ACME GmbH',
    });
    entries.push(record.entry_id);
    if (i === 10) await data.store.appendEvent('backup.verified', { archive: sha3Text('x') });
  }
  await data.log.checkpoint();
  await data.close();
  const made = await cap(['keys', 'generate', '--keys', at('keys'), '--owner', 'Audit', '--usage', 'audit', '--json']);
  kid = JSON.parse(made.out).kid;
});

const keyFlags = () => ['--keys', at('keys'), '--key', kid];
async function exported(name: string, ...more: string[]) {
  const { code, out, err } = await cap([
    'audit',
    'export',
    '--data-dir',
    at('data'),
    ...keyFlags(),
    '--out',
    at(name),
    '--json',
    ...more,
  ]);
  expect([code, err]).toEqual([0, '']);
  return JSON.parse(out);
}
async function verified(name: string, ...more: string[]) {
  const { code, out } = await cap(['audit', 'verify', at(name), '--json', ...more]);
  return { code, ...JSON.parse(out) };
}
const strict = () => ['--signer', at('keys', `${kid}.pub`), '--log-key', LOG_KEY];

describe('cap audit export of a registry', () => {
  it.each(['whole.zip', 'whole'])('is complete, signed and checked offline: %s', async (name) => {
    expect(await exported(name)).toMatchObject({
      events: 21,
      entries: 20,
      complete: true,
      masked: false,
      signed_by: kid,
    });
    expect(await verified(name, ...strict())).toMatchObject({
      code: 0,
      ok: true,
      events: 21,
      entries: 20,
      complete: true,
      masked: false,
      signed_by: kid,
      log_signed: true,
    });
    expect(await verified(name)).toMatchObject({ code: 0, signer_checked: false, log_signed: null });
  });

  it('holds entries as lines and as a table that no spreadsheet takes for formulas', async () => {
    await exported('table');
    const lines = (await readFile(at('table', 'entries.jsonl'), 'utf8')).trim().split('\n');
    expect(lines.map((text) => JSON.parse(text).entry_id)).toEqual(entries);
    const rows = (await readFile(at('table', 'entries.csv'), 'utf8')).trim().split('\n');
    expect(rows).toHaveLength(21);
    expect(rows[1]).toContain(`"'=Formel ""GmbH"""`);
  });

  it.each([
    [['--result', 'fail'], 10, 21],
    [['--company', 'ACME GmbH', '--result', 'ok'], 5, 21],
    [['--from', '2026-01-04T00:00:00Z', '--to', '2026-01-10T00:00:00Z'], 6, 6],
    [['--from', '2026-01-14T00:00:00Z', '--policy', sha3Text('policy')], 8, 8],
    [['--signer', 'b'.repeat(32)], 0, 21],
    [['--from', '2030-01-01T00:00:00Z'], 0, 0],
  ])('says that it is filtered: %j', async (flags, count, events) => {
    const name = `filtered-${flags.join('-').replace(/\W/g, '')}.zip`;
    expect(await exported(name, ...flags)).toMatchObject({ entries: count, events, complete: false });
    expect(await verified(name, ...strict())).toMatchObject({ code: 0, entries: count, events, complete: false });
  });

  it('masks companies and signers, and is checked all the same', async () => {
    const { mask_salt } = await exported(
      'masked',
      '--mask',
      '--from',
      '2026-01-04T00:00:00Z',
      '--signer',
      KID_OF_SIGNER,
    );
    expect(await verified('masked', ...strict())).toMatchObject({
      code: 0,
      masked: true,
      complete: false,
      entries: 18,
    });
    expect(mask_salt).toMatch(/^[0-9a-f]{32}$/);
    for (const file of await readdir(at('masked'))) {
      const text = await readFile(at('masked', file), 'utf8');
      for (const secret of ['ACME', 'Formel', KID_OF_SIGNER, mask_salt]) expect(text).not.toContain(secret);
    }
    const lines = (await readFile(at('masked', 'entries.jsonl'), 'utf8'))
      .trim()
      .split('\n')
      .map((text) => JSON.parse(text));
    expect(new Set(lines.map(({ signer_kid }) => signer_kid)).size).toBe(1);
    expect(lines[0].company).toBe(lines[0].company_digest);
    await exported('masked-whole', '--mask');
    expect(await verified('masked-whole', ...strict())).toMatchObject({ code: 0, masked: true, complete: true });
  });

  it('is refused in a place that is taken, without a key, and with a key for something else', async () => {
    const ask = (...flags: string[]) => cap(['audit', 'export', '--data-dir', at('data'), ...flags]);
    expect((await ask('--out', at('keys'), ...keyFlags())).code).toBe(73);
    expect((await ask('--out', at('x.zip'))).code).toBe(64);
    expect((await ask(...keyFlags())).code).toBe(64);
    const other = JSON.parse((await cap(['keys', 'generate', '--keys', at('keys'), '--owner', 'B', '--json'])).out).kid;
    expect((await ask('--out', at('x.zip'), '--keys', at('keys'), '--key', other)).code).toBe(77);
    expect((await readdir(directory)).filter((name) => name.includes('.tmp-'))).toEqual([]);
  });
});

describe('cap audit verify of an export', () => {
  const edit = async (name: string, file: string, change: (text: string) => string) =>
    writeFile(at(name, file), change(await readFile(at(name, file), 'utf8')));

  it('finds every file that was changed, and who did not sign it', async () => {
    await exported('sound');
    const files = await readdir(at('sound'));
    expect(files.sort()).toEqual(['entries.csv', 'entries.jsonl', 'events.jsonl', 'export.json', 'export.json.sig']);
    for (const file of files) {
      const name = `changed-${file}`;
      await cp(at('sound'), at(name), { recursive: true });
      await edit(name, file, (text) => text.replace(/[0-9](?=[^0-9]*$)/, (digit) => String((Number(digit) + 1) % 10)));
      expect(await verified(name)).toMatchObject({ code: 2, ok: false, fault: expect.any(String) });
    }
    await writeFile(at('sound', 'more.txt'), 'x');
    expect((await verified('sound')).fault).toContain('more.txt');
    const other = JSON.parse((await cap(['keys', 'generate', '--keys', at('keys'), '--owner', 'C', '--json'])).out).kid;
    expect((await verified('whole', '--signer', other)).fault).toContain('is not signed by');
    const stranger = formatVerifierKey(verifierKey('ed25519', origin, generateKeyPairSync('ed25519').publicKey));
    expect((await verified('whole', '--log-key', stranger)).fault).toContain('no known log key');
  });

  /** What an exporter does who lies: files and signature fit each other. */
  async function signAnew(name: string): Promise<void> {
    const head = JSON.parse(await readFile(at(name, 'export.json'), 'utf8'));
    for (const file of head.files) {
      const bytes = await readFile(at(name, file.path));
      Object.assign(file, { size: bytes.length, sha3_256: sha3Text(bytes) });
    }
    const bytes = jcs(head);
    const keys = generateKeyPairSync('ed25519');
    await writeFile(at(name, 'export.json'), bytes);
    const envelope = signEnvelope(PAYLOAD_TYPE, bytes, [{ ...keys, kid: kidOf(keys.publicKey) }]);
    await writeFile(at(name, 'export.json.sig'), JSON.stringify(envelope));
  }
  const withoutLine = (number: number) => (text: string) => text.split('\n').toSpliced(number, 1).join('\n');
  const swapped = (text: string) => text.replace(/^(.*\n)(.*\n)/, '$2$1');

  it.each<[string, string, (text: string) => string, string]>([
    ['whole', 'events.jsonl', (text) => text.replace('"fail"', '"ok"'), 'event 1: digest'],
    ['whole', 'events.jsonl', withoutLine(3), 'event 4: does not follow event 2'],
    ['whole', 'events.jsonl', withoutLine(20), 'event 20: missing'],
    ['whole', 'events.jsonl', swapped, 'event 1: the range begins with 0'],
    ['whole', 'events.jsonl', (text) => text.replace(/^.*\n/, '$&$&'), 'event 0: does not follow event 0'],
    ['whole', 'entries.jsonl', (text) => text.replace('"result":"fail"', '"result":"ok"'), ': result is ok'],
    ['whole', 'entries.jsonl', withoutLine(5), 'event 5: its entry is missing'],
    ['part', 'entries.jsonl', (text) => text.replace('"result":"fail"', '"result":"ok"'), ': result is ok'],
    ['part', 'events.jsonl', withoutLine(0), 'event 4: the range begins with 3'],
    ['part', 'inclusion.jsonl', withoutLine(0), 'event 3: not proven'],
    ['part', 'inclusion.jsonl', swapped, 'event 3: not proven'],
    ['part-masked', 'events.jsonl', (text) => text.replace(/"leaf_hash":"../, '"leaf_hash":"AA'), 'not proven'],
  ])('finds in %s what a dishonest exporter did to %s: %#', async (from, file, change, said) => {
    const part = ['--from', '2026-01-05T00:00:00Z'];
    const flags = from === 'whole' ? [] : from === 'part' ? part : [...part, '--mask'];
    const name = `lie-${++lies}`;
    await exported(name, ...flags);
    await edit(name, file, change);
    await signAnew(name);
    expect(await verified(name, '--log-key', LOG_KEY)).toMatchObject({ code: 2, fault: expect.stringContaining(said) });
  });
  let lies = 0;
});
