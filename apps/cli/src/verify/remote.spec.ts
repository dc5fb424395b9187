import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { jcs } from '@cap/core';
import { cap, scratch } from '../cli.fixture.js';
import { withService } from '../loopback.fixture.js';

const report = (result: string) => ({
  schema: 'cap-report.v2',
  result,
  bundle_id: null,
  manifest_hash: null,
  proof_hash: null,
  policy_hash: null,
  trust_hash: null,
  accepted: { backends: ['mock'], allow_mock: true },
  options: {},
  at: null,
  checks: [{ id: 'meta.schema', status: 'ok', expected: null, actual: null, message: { en: 'known', de: 'bekannt' } }],
  rules: [],
});

describe('cap verify --url', () => {
  it.each([
    ['ok', 0],
    ['warn', 1],
    ['fail', 2],
  ])('sends the zip and ends with the verdict %s as %d', async (result, exit) => {
    const received = await withService(
      () => ({ status: 200, body: { result, report: report(result) } }),
      async (url) => {
        const { code, outBytes } = await cap(
          [
            'verify',
            '-',
            '--url',
            url,
            '--audience',
            'a&b',
            '--check-registry',
            '--policy',
            `0x${'1'.repeat(64)}`,
            '--json',
          ],
          { stdin: 'the bytes', env: { CAP_TOKEN: 'secret-token' } },
        );
        expect(code).toBe(exit);
        expect(outBytes).toEqual(Buffer.concat([jcs(report(result)), Buffer.from('\n')]));
      },
    );
    expect(received).toHaveLength(1);
    const [{ method, url, headers, body }] = received as [(typeof received)[0]];
    expect(method).toBe('POST');
    expect(body.toString()).toBe('the bytes');
    expect(headers).toMatchObject({ 'content-type': 'application/zip', authorization: 'Bearer secret-token' });
    const query = new URL(url, 'http://x').searchParams;
    expect(Object.fromEntries(query)).toEqual({
      audience: 'a&b',
      check_registry: 'true',
      policy_id: `0x${'1'.repeat(64)}`,
    });
  });

  it('takes the token from a file, without its line break', async () => {
    const file = path.join(await scratch(), 'token');
    await writeFile(file, 'from-a-file\n');
    for (const given of [{ argv: ['--token-file', file] }, { argv: [], env: { CAP_TOKEN_FILE: file } }]) {
      const received = await withService(
        () => ({ status: 200, body: { report: report('ok') } }),
        async (url) => void (await cap(['verify', '-', '--url', url, ...given.argv], { stdin: 'x', ...given })),
      );
      expect(received[0]!.headers.authorization).toBe('Bearer from-a-file');
    }
  });

  it.each([
    [401, 'auth.missing', 77],
    [403, 'auth.scope', 77],
    [404, 'policy.unknown', 65],
    [413, 'bundle.limit', 65],
    [429, 'rate.limited', 75],
    [500, 'internal', 69],
    [503, 'overloaded', 75],
  ])('an answer %d %s ends with its own exit, and says the code and the request', async (status, code, exit) => {
    await withService(
      () => ({
        status,
        body: { type: 'about:blank', title: 'no', status, code, detail: 'because', request_id: 'r-1' },
      }),
      async (url) => {
        const outcome = await cap(['verify', '-', '--url', url, '--json'], {
          stdin: 'x',
          env: { CAP_TOKEN: 'canary' },
        });
        expect(outcome.code).toBe(exit);
        expect(JSON.parse(outcome.out)).toEqual({
          error: { code, message: expect.stringContaining('because'), exit },
        });
        expect(outcome.err).toContain(`${code}: because (request r-1)`);
        expect(outcome.err).not.toContain('canary');
      },
    );
  });

  it('shows the words of a problem without what moves the cursor', async () => {
    await withService(
      () => ({ status: 422, body: { code: 'policy.invalid', detail: 'no\u001b]0;mine\u0007' } }),
      async (url) => {
        const { code, err } = await cap(['verify', '-', '--url', url], { stdin: 'x' });
        expect([code, err]).toEqual([65, expect.stringContaining('policy.invalid: no\\u{1b}]0;mine\\u{7}')]);
      },
    );
  });

  it('is 69 when nobody answers, or somebody else does', async () => {
    let gone = '';
    await withService(
      () => ({ status: 200, body: { hello: 'world' } }),
      async (url) => {
        gone = url;
        expect((await cap(['verify', '-', '--url', url], { stdin: 'x' })).code).toBe(69);
      },
    );
    expect((await cap(['verify', '-', '--url', gone], { stdin: 'x' })).code).toBe(69);
  });

  it.each([[['--trust', 'trust.json']], [['--environment', 'production']], [['--no-allow-mock']]])(
    'refuses %j, which the service decides',
    async (argv) => {
      expect((await cap(['verify', 'x.zip', '--url', 'http://127.0.0.1:1', ...argv])).code).toBe(64);
    },
  );

  it('refuses an address with a password in it, and --check-registry without an address', async () => {
    expect((await cap(['verify', 'x.zip', '--url', 'http://me:secret@127.0.0.1:1'])).code).toBe(64);
    expect((await cap(['verify', 'x.zip', '--check-registry'])).code).toBe(64);
  });
});
