import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { blake3Text } from '@cap/crypto';
import { cap, scratch } from '../cli.fixture.js';
import { withService } from '../loopback.fixture.js';

const bytes = Buffer.from('the bytes of a bundle');
const id = blake3Text(bytes);

describe('cap blob --url', () => {
  it('puts a file and prints its id', async () => {
    const file = path.join(await scratch(), 'bundle.zip');
    await writeFile(file, bytes);
    const received = await withService(
      ({ body }) => ({ status: 200, body: { blob_id: blake3Text(body), size: body.length } }),
      async (url) => expect(await cap(['blob', 'put', file, '--url', url])).toMatchObject({ code: 0, out: `${id}\n` }),
    );
    expect(received).toHaveLength(1);
    expect(received[0]).toMatchObject({ method: 'PUT', url: '/v1/blobs?retain=keep', body: bytes });
  });

  it('gets a BLOB into a file or to stdout', async () => {
    const out = path.join(await scratch(), 'out.zip');
    await withService(
      () => ({ status: 200, body: bytes }),
      async (url) => {
        expect((await cap(['blob', 'get', id, '--url', url, '--out', out])).code).toBe(0);
        const { outBytes, err } = await cap(['blob', 'get', id, '--url', url, '--json']);
        expect([outBytes, err]).toEqual([bytes, `${id}  ${bytes.length} bytes\n`]);
      },
    );
    expect(await readFile(out)).toEqual(bytes);
  });

  it('writes no file from bytes that are not the ones the id names', async () => {
    const out = path.join(await scratch(), 'out.zip');
    await withService(
      () => ({ status: 200, body: Buffer.from('other bytes') }),
      async (url) => expect((await cap(['blob', 'get', id, '--url', url, '--out', out])).code).toBe(74),
    );
    await expect(readFile(out)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('lists all pages', async () => {
    await withService(
      ({ url }) => ({
        status: 200,
        body: url.includes('cursor=next')
          ? { items: [{ blob_id: id, size: 2 }], next_cursor: null }
          : { items: [{ blob_id: id, size: 1 }], next_cursor: 'next' },
      }),
      async (url) => expect((await cap(['blob', 'list', '--url', url])).out).toBe(`${id}  1\n${id}  2\n`),
    );
  });

  it('says 65 for an id that is none or not there, 66 for no such file', async () => {
    await withService(
      () => ({ status: 404, body: { type: 'about:blank', title: 'no', status: 404, code: 'bundle.unknown' } }),
      async (url) => {
        expect((await cap(['blob', 'get', id, '--url', url])).code).toBe(65);
        expect((await cap(['blob', 'get', '../x', '--url', url])).code).toBe(65);
        expect((await cap(['blob', 'put', path.join(await scratch(), 'none'), '--url', url])).code).toBe(66);
      },
    );
  });
});
