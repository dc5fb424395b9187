import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { blake3Text, sha256 } from '@cap/crypto';
import { readBundle } from '@cap/proof/bundle';
import { legacyFiles } from './legacy/legacy.fixture.js';
import { zipped } from './verification.fixture.js';
import { inspectBundle } from './inspect.js';
import { rawZip } from '../../proof/src/bundle/zip.fixture.js';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'bundle-'));
});
afterAll(() => rm(directory, { recursive: true }));

const place = (name: string) => path.join(directory, name);
const META = { name: '_meta.json', content: '{"schema":"cap-bundle.v3"}' };
const refusal = (code: string) => expect.objectContaining({ code });

describe('readBundle', () => {
  it('names a zip by the BLAKE3 of its bytes, from memory as from a file', async () => {
    const bytes = rawZip([META]);
    await writeFile(place('a.zip'), bytes);
    const fromFile = await readBundle(place('a.zip'));
    expect(fromFile.bundleId).toBe(blake3Text(bytes));
    expect(await readBundle(bytes)).toEqual(fromFile);
    expect(fromFile).toMatchObject({ generation: 'current', complete: true, meta: { schema: 'cap-bundle.v3' } });
  });

  it('takes a known bundle id as given', async () => {
    const bundleId = `0x${'ab'.repeat(32)}` as const;
    expect((await readBundle(rawZip([META]), { bundleId })).bundleId).toBe(bundleId);
  });

  it('tells the older program’s bundles', async () => {
    const pair = [
      { name: 'proof.dat', content: 'e30=' },
      { name: 'manifest.json', content: '{}' },
    ];
    expect(await readBundle(rawZip(pair))).toMatchObject({ generation: 'legacy', meta: null });
    expect(await readBundle(rawZip([{ name: '_meta.json', content: '{"schema":"cap-bundle.v1"}' }]))).toMatchObject({
      generation: 'legacy',
    });
    await expect(readBundle(rawZip([...pair, { name: 'more', content: '' }]))).rejects.toEqual(
      refusal('bundle.unreadable'),
    );
  });

  it('reads a directory with exactly the older program’s two files, and no other', async () => {
    await mkdir(place('legacy'));
    await writeFile(place('legacy/manifest.json'), '{}');
    await expect(readBundle(place('legacy'))).rejects.toEqual(refusal('bundle.unreadable'));
    await writeFile(place('legacy/proof.dat'), 'e30=');
    const bundle = await readBundle(place('legacy'));
    expect(bundle).toMatchObject({ generation: 'legacy', bundleId: null });
    expect(bundle.files.get('proof.dat')!.toString()).toBe('e30=');
    await writeFile(place('legacy/_meta.json'), '{}');
    await expect(readBundle(place('legacy'))).rejects.toEqual(refusal('bundle.unreadable'));
  });

  it('says when there is no such file, and when it is too large, without reading it', async () => {
    await expect(readBundle(place('nowhere.zip'))).rejects.toMatchObject({ kind: 'missing', code: 'bundle.missing' });
    await writeFile(place('big.zip'), Buffer.alloc(2_000));
    const limits = { bundleBytes: 1_000, entries: 10, unpackedBytes: 10, ratio: 10 };
    await expect(readBundle(place('big.zip'), { limits })).rejects.toEqual(refusal('bundle.limit'));
  });

  it('refuses a _meta.json that is only large', async () => {
    const content = JSON.stringify({ label: 'x'.repeat(4_000_000) });
    await expect(readBundle(rawZip([{ name: '_meta.json', content, header: { method: 0 } }]))).rejects.toEqual(
      refusal('bundle.limit'),
    );
  });
});

describe('inspectBundle', () => {
  const inspect = async (bytes: Buffer, options?: Parameters<typeof inspectBundle>[1]) => {
    await writeFile(place('inspected.zip'), bytes);
    return inspectBundle(place('inspected.zip'), options);
  };
  // Hashes do not deflate, and 300 000 bytes are several blocks.
  const large = Buffer.concat(Array.from({ length: 9_375 }, (_, i) => sha256(String(i))));

  it('tells what is in a zip', async () => {
    const bytes = rawZip([
      META,
      { name: 'manifest.json', content: '{"a":1}' },
      { name: 'proof.capz', content: large },
      { name: 'stored.txt', content: large, header: { method: 0 } },
    ]);
    expect(await inspect(bytes)).toEqual({
      sizeBytes: bytes.length,
      generation: 'current',
      meta: { schema: 'cap-bundle.v3' },
      manifest: Buffer.from('{"a":1}'),
      proof: large,
      files: [
        { name: '_meta.json', size: 26 },
        { name: 'manifest.json', size: 7 },
        { name: 'proof.capz', size: 300_000 },
        { name: 'stored.txt', size: 300_000 },
      ],
    });
  });

  it.each([
    ['two files', legacyFiles({ container: 'pair' }), 'proof.dat'],
    ['cap-bundle.v1', legacyFiles({ proofVersion: 'proof.v1' }), 'proof.capz'],
  ])('finds manifest and proof of the older program: %s', async (_, files, proof) => {
    expect(await inspect(zipped(files))).toMatchObject({
      generation: 'legacy',
      manifest: files.get('manifest.json'),
      proof: files.get(proof),
    });
  });

  it('keeps nothing larger than asked for', async () => {
    const bytes = rawZip([META, { name: 'proof.capz', content: large }]);
    expect(await inspect(bytes, { keepBytes: 299_999 })).toMatchObject({ proof: null, manifest: null });
  });

  it.each([
    ['a wrong CRC', { header: { crc: 7 } }, 'bundle.unreadable'],
    ['more bytes than declared', { header: { size: 70_000 } }, 'bundle.unreadable'],
    ['fewer bytes than declared', { header: { size: 300_001 } }, 'bundle.unreadable'],
    [
      'data after the deflated bytes',
      { packed: Buffer.concat([Buffer.from([3, 0]), Buffer.alloc(200_000)]) },
      'bundle.unreadable',
    ],
    ['broken deflated bytes', { packed: Buffer.alloc(200_000, 0xff) }, 'bundle.unreadable'],
    ['a bad name', { name: '../x' }, 'bundle.unreadable'],
    ['a bomb', { content: Buffer.alloc(300_000) }, 'bundle.limit'],
  ])('refuses %s as readBundle does', async (_, lie, code) => {
    const bytes = rawZip([META, { name: 'proof.capz', content: large, ...lie }]);
    await expect(inspect(bytes)).rejects.toEqual(refusal(code));
    await expect(readBundle(bytes)).rejects.toEqual(refusal(code));
  });

  it('says when there is no such file', async () => {
    await expect(inspectBundle(place('nowhere.zip'))).rejects.toMatchObject({ kind: 'missing' });
  });
});
