import { describe, expect, it } from '@jest/globals';
import { cap } from '../cli.fixture.js';
import { withService } from '../loopback.fixture.js';

const backup = {
  name: 'backup_20251106_020000.tar.gz',
  size_bytes: 1234,
  log_size: 7,
  incomplete: [{ path: 'keys/a.key', reason: 'private' }],
};

describe('cap backup --url', () => {
  it('lets the worker make a backup and prints its name, or all that the worker says of it', async () => {
    const received = await withService(
      () => ({ status: 201, body: backup }),
      async (url) => {
        const env = { CAP_TOKEN: 't' };
        expect(await cap(['backup', 'create', '--url', url], { env })).toMatchObject({
          code: 0,
          out: `${backup.name}\n`,
          err: expect.stringContaining('keys/a.key: private'),
        });
        expect(JSON.parse((await cap(['backup', 'create', '--url', url, '--json'], { env })).out)).toEqual(backup);
      },
    );
    expect(received[0]).toMatchObject({ method: 'POST', url: '/v1/backups' });
    expect(received[0]!.headers.authorization).toBe('Bearer t');
  });

  it('lists', async () => {
    await withService(
      () => ({ status: 200, body: { items: [backup] } }),
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
  });
});
