import { generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { type ChainEvent, eventLeaf, nextEvent } from '@cap/tlog';
import { signCheckpoint } from '../../../../libs/tlog/src/checkpoint.fixture.js';
import { formatVerifierKey, verifierKey } from '@cap/tlog/notes';
import { leafHash, storedHashesForAppend, treeHash } from '@cap/tlog/merkle';
import { RegistryData } from '@cap/storage';
import { cap, scratch } from '../cli.fixture.js';
import { withService, type Answer, type Received } from '../loopback.fixture.js';

const digest = (digit: string) => `0x${digit.repeat(64)}`;
const entry = {
  entry_id: '0192f0c4-8f2e-7aaa-8aaa-0123456789ab',
  registered_at: '2025-11-06T10:00:00Z',
  bundle_id: digest('1'),
  manifest_hash: digest('2'),
  proof_hash: digest('3'),
  policy_hash: digest('4'),
  result: 'ok',
  report_hash: digest('5'),
  signer_kid: 'a'.repeat(32),
  company: 'ACME GmbH',
  log_index: 1,
  erased_at: null,
  legal_hold: false,
};
const notFound = (code: string): Answer => ({
  status: 404,
  body: { type: 'about:blank', title: 'no', status: 404, code },
});

describe('cap registry', () => {
  it('lists the entries of a registry with the filters that were given', async () => {
    const received = await withService(
      () => ({ status: 200, body: { items: [entry], next_cursor: 'c2' } }),
      async (url) => {
        const { code, out, err } = await cap(
          [
            'registry',
            'list',
            '--url',
            url,
            '--result',
            'ok',
            '--policy',
            `sha3-256:${'4'.repeat(64)}`,
            '--limit',
            '1',
          ],
          { env: { CAP_TOKEN: 't' } },
        );
        expect(code).toBe(0);
        expect(out).toContain(entry.entry_id);
        expect(err).toContain('--cursor c2');
      },
    );
    const url = new URL(received[0]!.url, 'http://x');
    expect(url.pathname).toBe('/v1/entries');
    expect(Object.fromEntries(url.searchParams)).toEqual({ result: 'ok', policy_hash: digest('4'), limit: '1' });
    expect(received[0]!.headers.authorization).toBe('Bearer t');
  });

  it('asks a verifier API under its own paths', async () => {
    const answer = ({ url }: Received): Answer => {
      if (url.startsWith('/registry/entries?')) return { status: 200, body: { items: [entry], next_cursor: null } };
      if (url === `/registry/entries/${entry.entry_id}`) return { status: 200, body: entry };
      return notFound('route.unknown');
    };
    await withService(answer, async (url) => {
      const { out } = await cap(['registry', 'list', '--url', url, '--json']);
      expect(JSON.parse(out)).toEqual({ items: [entry], next_cursor: null });
      expect(JSON.parse((await cap(['registry', 'show', entry.entry_id, '--url', url, '--json'])).out)).toEqual(entry);
    });
  });

  it('says 65 for an entry that is not there, 77 without the right token, 69 without a registry', async () => {
    let gone = '';
    await withService(
      () => notFound('entry.unknown'),
      async (url) => {
        gone = url;
        expect((await cap(['registry', 'show', entry.entry_id, '--url', url])).code).toBe(65);
      },
    );
    expect((await cap(['registry', 'show', entry.entry_id, '--url', gone])).code).toBe(69);
    await withService(
      () => ({ status: 401, body: { type: 'about:blank', title: 'no', status: 401, code: 'auth.missing' } }),
      async (url) => expect((await cap(['registry', 'list', '--url', url])).code).toBe(77),
    );
  });

  it('needs one place, not two', async () => {
    expect((await cap(['registry', 'list'])).code).toBe(64);
    expect((await cap(['registry', 'list', '--url', 'http://127.0.0.1:1', '--data-dir', 'x'])).code).toBe(64);
  });
});

describe('a service that is no registry', () => {
  it.each([
    [
      'a verifier API',
      { code: 'route.unknown', title: 'Not Found', status: 404, detail: 'There is no GET /v1/status.' },
    ],
    ['another service', 'Not Found'],
  ])('is told from one: %s', async (_, body) => {
    await withService(
      () => ({ status: 404, body }),
      async (url) => {
        for (const verb of [
          ['registry', 'fsck'],
          ['blob', 'list'],
        ])
          expect(await cap([...verb, '--url', url])).toMatchObject({
            code: 65,
            out: '',
            err: expect.stringContaining('is not a registry'),
          });
      },
    );
  });
});

describe('cap registry fsck --url', () => {
  const log = (length: number) => {
    const events: ChainEvent[] = [];
    for (let i = 0; i < length; i++)
      events.push(nextEvent(events.at(-1) ?? null, '2025-11-06T10:00:00Z', 'entry.registered', { i }));
    return events;
  };
  const registry =
    ({ events, head = events.at(-1)!, blob = true }: { events: ChainEvent[]; head?: ChainEvent; blob?: boolean }) =>
    ({ url, method }: Received): Answer => {
      if (url === '/v1/status')
        return {
          status: 200,
          body: { version: '0', log_size: head.seq + 1, head_digest: head.digest, entries: 1, blob_bytes: 1 },
        };
      if (url.startsWith('/v1/events')) {
        const from = Number(new URL(url, 'http://x').searchParams.get('from'));
        const items = events.slice(from, from + 2);
        return {
          status: 200,
          body: { items, next_from: from + 2 < events.length ? from + 2 : null, log_size: events.length },
        };
      }
      if (url.startsWith('/v1/entries')) return { status: 200, body: { items: [entry], next_cursor: null } };
      if (method === 'HEAD' && url === `/v1/blobs/${entry.bundle_id}` && blob) return { status: 200, body: '' };
      return notFound('bundle.unknown');
    };
  const check = async (answer: (request: Received) => Answer) => {
    let outcome = { code: -1, report: {} as { ok: boolean; faults: string[]; checked: unknown } };
    await withService(answer, async (url) => {
      const { code, out } = await cap(['registry', 'fsck', '--url', url, '--json']);
      outcome = { code, report: JSON.parse(out) };
    });
    return outcome;
  };

  it('finds nothing wrong with a sound registry', async () => {
    expect(await check(registry({ events: log(5) }))).toEqual({
      code: 0,
      report: { ok: true, faults: [], checked: { events: 5, entries: 1 } },
    });
  });

  it.each<[string, ReturnType<typeof registry>, string]>([
    ['a changed event', registry({ events: log(5).with(3, { ...log(5)[3]!, details: { i: 9 } }) }), 'event 3'],
    ['a missing event', registry({ events: log(5).toSpliced(2, 1) }), 'event 2'],
    ['a cut tail', registry({ events: log(5).slice(0, 4), head: log(5)[4]! }), 'event 4'],
    ['a missing BLOB', registry({ events: log(5), blob: false }), entry.bundle_id],
    ['an entry without its event', registry({ events: log(1) }), 'event 1'],
  ])('names %s', async (_, answer, named) => {
    const { code, report } = await check(answer);
    expect(code).toBe(2);
    expect(report.faults[0]).toContain(named);
  });

  it('holds the signed checkpoint against the events, and its signature against --log-key', async () => {
    const keyPair = () => {
      const { privateKey, publicKey } = generateKeyPairSync('ed25519');
      return { privateKey, known: formatVerifierKey(verifierKey('ed25519', 'log.example', publicKey)) };
    };
    const [own, other] = [keyPair(), keyPair()];
    const signed = (events: ChainEvent[]) => {
      const leaves = events.map((event) => leafHash(eventLeaf(event)));
      const { hashes } = storedHashesForAppend(leaves, 0, { readHashes: () => [] });
      const root = treeHash(leaves.length, { readHashes: (positions) => positions.map((at) => hashes[at]!) });
      const head = { origin: 'log.example/1', size: leaves.length, root, extensions: [] };
      return signCheckpoint(head, own.privateKey);
    };
    const events = log(5);
    const rewritten = log(5).with(4, nextEvent(log(4)[3]!, '2025-11-06T10:00:00Z', 'entry.registered', { i: 9 }));
    const fsckOf = async (note: string, key: string) => {
      let outcome = { code: -1, out: '' };
      const answer = registry({ events });
      const body = { origin: '', tree_size: 5, root_hash: '', checkpoint: note, verifier_keys: [] };
      await withService(
        (request) => (request.url === '/v1/log/checkpoint' ? { status: 200, body } : answer(request)),
        async (url) => void (outcome = await cap(['registry', 'fsck', '--url', url, '--log-key', key])),
      );
      return outcome;
    };
    expect(await fsckOf(signed(events), own.known)).toMatchObject({
      code: 0,
      out: expect.stringContaining('1 checkpoints'),
    });
    expect(await fsckOf(signed(events), other.known)).toMatchObject({
      code: 2,
      out: expect.stringContaining('no known log key'),
    });
    expect(await fsckOf(signed(rewritten), own.known)).toMatchObject({
      code: 2,
      out: expect.stringContaining('does not match these 5'),
    });
    expect(await fsckOf(signed(log(6)), own.known)).toMatchObject({
      code: 2,
      out: expect.stringContaining('only 5 are valid'),
    });
  });
});

describe('cap registry and cap blob --data-dir', () => {
  const bundle = Buffer.from('a bundle');
  async function dataDirectory() {
    const directory = await scratch();
    const registry = await RegistryData.open({
      database: path.join(directory, 'registry.db'),
      blobs: path.join(directory, 'blobs'),
      program: 'the test',
    });
    const { blob_id } = await registry.putBlob(Readable.from([bundle]), { maxBytes: 1000, retain: 'keep' });
    const { record } = await registry['database'].registerEntry({
      bundle_id: blob_id,
      manifest_hash: null,
      proof_hash: null,
      policy_hash: null,
      result: 'fail',
      report_hash: blob_id,
      signer_kid: null,
      company: 'ACME GmbH',
    });
    return { directory, registry, blob_id, entry: record };
  }

  it('reads beside the process that owns the directory', async () => {
    const { directory, registry, blob_id, entry } = await dataDirectory();
    const { out } = await cap(['registry', 'list', '--data-dir', directory, '--json']);
    expect(JSON.parse(out)).toEqual({ items: [entry], next_cursor: null });
    expect(
      JSON.parse((await cap(['registry', 'list', '--data-dir', directory, '--result', 'ok', '--json'])).out).items,
    ).toEqual([]);
    expect(
      JSON.parse((await cap(['registry', 'show', entry.entry_id, '--data-dir', directory, '--json'])).out),
    ).toEqual(entry);
    expect((await cap(['blob', 'get', blob_id, '--data-dir', directory])).outBytes).toEqual(bundle);
    expect((await cap(['blob', 'list', '--data-dir', directory])).out).toBe(`${blob_id}  ${bundle.length}\n`);
    expect(await cap(['registry', 'fsck', '--data-dir', directory])).toMatchObject({ code: 0, err: '' });
    await registry.close();
  });

  it('writes only when nobody else owns the directory', async () => {
    const { directory, registry } = await dataDirectory();
    const put = () => cap(['blob', 'put', '-', '--data-dir', directory], { stdin: 'another' });
    expect((await put()).code).toBe(75);
    await registry.close();
    const { code, out } = await put();
    expect(code).toBe(0);
    expect((await cap(['blob', 'get', out.trim(), '--data-dir', directory])).out).toBe('another');
  });

  it('fsck names the BLOB that has changed', async () => {
    const { directory, registry, blob_id } = await dataDirectory();
    await registry.close();
    const hex = blob_id.slice(2);
    await writeFile(path.join(directory, 'blobs', hex.slice(0, 2), hex.slice(2, 4), hex), 'b bundle');
    const { code, out } = await cap(['registry', 'fsck', '--data-dir', directory, '--json']);
    expect(code).toBe(2);
    expect(JSON.parse(out).faults[0]).toContain(blob_id);
    expect((await cap(['blob', 'get', blob_id, '--data-dir', directory])).code).toBe(74);
  });

  it('ends with 66 where there is no registry', async () => {
    const directory = await scratch();
    for (const argv of [
      ['registry', 'list'],
      ['registry', 'fsck'],
      ['blob', 'list'],
    ])
      expect((await cap([...argv, '--data-dir', directory])).code).toBe(66);
  });
});
