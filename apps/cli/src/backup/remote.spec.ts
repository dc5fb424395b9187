import { describe, expect, it, jest } from '@jest/globals';
import { cap } from '../cli.fixture.js';
import { withService } from '../loopback.fixture.js';

const backup = {
  name: 'backup_20251106_020000.tar.gz',
  created_at: '2025-11-06T02:00:00Z',
  size_bytes: 1234,
  sha3_256: `0x${'ab'.repeat(32)}`,
  log_size: 7,
  head_digest: `0x${'cd'.repeat(32)}`,
  kid: '0123456789abcdef0123456789abcdef',
  incomplete: [{ path: 'keys/a.key', reason: 'private' }],
};
const made = {
  ...backup,
  drill: {
    ok: true,
    faults: [],
    kid: backup.kid,
    created_at: backup.created_at,
    log_size: 7,
    head_digest: backup.head_digest,
    newest_event_at: null,
    entries: 0,
    blobs: 0,
    bytes: 0,
    rpo_seconds: 0,
    rto_seconds: 0,
  },
  removed: [],
};

describe('cap backup --url', () => {
  it('lets the worker make a backup and prints its name, or all that the worker says of it', async () => {
    const received = await withService(
      () => ({ status: 201, body: made }),
      async (url) => {
        const env = { CAP_TOKEN: 't' };
        expect(await cap(['backup', 'create', '--url', url], { env })).toMatchObject({
          code: 0,
          out: `${backup.name}\n`,
          err: expect.stringContaining('keys/a.key: private'),
        });
        expect(JSON.parse((await cap(['backup', 'create', '--url', url, '--json'], { env })).out)).toEqual(made);
      },
    );
    expect(received[0]).toMatchObject({ method: 'POST', url: '/v1/backups' });
    expect(received[0]!.headers.authorization).toBe('Bearer t');
  });

  it('does not give up on a long backup, as fetch does after five minutes', async () => {
    const fetched = jest.spyOn(globalThis, 'fetch').mockRejectedValue(new TypeError('fetch failed'));
    try {
      await withService(
        () => ({ status: 201, body: made }),
        async (url) => expect((await cap(['backup', 'create', '--url', url])).code).toBe(0),
      );
    } finally {
      fetched.mockRestore();
    }
  });

  it('names the worker that does not answer: 69; one that refuses: 77', async () => {
    let gone = '';
    await withService(
      () => ({ status: 403, body: { type: 'about:blank', title: 'no', status: 403, code: 'auth.scope' } }),
      async (url) => {
        gone = url;
        expect(await cap(['backup', 'create', '--url', url])).toMatchObject({
          code: 77,
          err: expect.stringContaining('auth.scope'),
        });
      },
    );
    expect(await cap(['backup', 'create', '--url', gone])).toMatchObject({
      code: 69,
      err: expect.stringContaining(`service.unreachable: ${gone}: `),
    });
  });

  it('lists', async () => {
    await withService(
      () => ({ status: 200, body: { items: [backup], strange: [] } }),
      async (url) => {
        expect((await cap(['backup', 'list', '--url', url])).out).toMatch(/backup_20251106_020000\.tar\.gz\s+1234\s+7/);
        expect(JSON.parse((await cap(['backup', 'list', '--url', url, '--json'])).out)).toEqual({ items: [backup] });
      },
    );
  });

  it('is 75 while another backup runs, 69 for another service', async () => {
    await withService(
      () => ({ status: 503, body: { type: 'about:blank', title: 'no', status: 503, code: 'overloaded' } }),
      async (url) => expect((await cap(['backup', 'create', '--url', url])).code).toBe(75),
    );
    await withService(
      () => ({ status: 200, body: {} }),
      async (url) => {
        expect((await cap(['backup', 'create', '--url', url])).code).toBe(69);
        expect((await cap(['backup', 'list', '--url', url])).code).toBe(69);
      },
    );
    await withService(
      () => ({ status: 200, body: Buffer.from('<html>') }),
      async (url) => expect((await cap(['backup', 'create', '--url', url])).code).toBe(69),
    );
  });
});
