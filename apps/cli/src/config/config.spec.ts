import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { cap, scratch } from '../cli.fixture.js';

async function appYaml(text: string): Promise<string> {
  const file = path.join(await scratch(), 'app.yaml');
  await writeFile(file, text);
  return file;
}

describe('cap config', () => {
  it('accepts a right file, and says so', async () => {
    const file = await appYaml('server:\n  log_level: debug\n');
    expect(await cap(['config', 'check', '--config', file])).toMatchObject({ code: 0, out: 'ok\n' });
  });

  it('ends with 78 and names file, key and what was expected', async () => {
    const file = await appYaml('server:\n  log_level: loud\n  colour: red\n');
    const { code, out, err } = await cap(['config', 'check', '--config', file]);
    expect(code).toBe(78);
    expect(out).toBe('');
    expect(err).toContain(`${file}: server.colour: unknown key`);
    expect(err).toContain('server.log_level');
    expect((await cap(['config', 'check', '--config', `${file}.none`])).code).toBe(78);
  });

  it('shows what is in effect, without the secrets', async () => {
    const file = await appYaml('registry:\n  url: http://127.0.0.1:9999\n');
    const env = { CAP_REGISTRY__TOKEN: 'canary-canary-canary', LOG_LEVEL: 'warn', CAP_TOKEN: 'canary-of-the-caller' };
    for (const argv of [['--json'], []]) {
      const { code, out, err } = await cap(['config', 'show', '--config', file, ...argv], { env });
      expect(code).toBe(0);
      expect(out + err).not.toContain('canary');
      const shown = argv.length > 0 ? JSON.parse(out).config : parse(out);
      expect(shown).toMatchObject({
        server: { log_level: 'warn' },
        registry: { url: 'http://127.0.0.1:9999', token: '***' },
      });
    }
  });

  it.each(['verifier', 'registry', 'backup'])('finds nothing wrong with the example of the %s', async (service) => {
    const directory = await scratch();
    await mkdir(path.join(directory, 'files'));
    const files = Object.fromEntries(
      ['public.pem', 'server.crt', 'server.key', 'trust.json', 'signing.key'].map((name) => [
        name,
        path.join(directory, name),
      ]),
    );
    for (const file of Object.values(files)) await writeFile(file, '');
    await copyFile('libs/service-kit/testdata/first.crt', files['server.crt']!);
    await copyFile('libs/service-kit/testdata/first.key', files['server.key']!);
    const env: Record<string, string> = {
      CAP_OAUTH__PUBLIC_KEY_PATH: files['public.pem']!,
      CAP_TLS__CERT: files['server.crt']!,
      CAP_TLS__KEY: files['server.key']!,
      CAP_VERIFICATION__TRUST_FILE: files['trust.json']!,
      CAP_BACKUP__SIGNING_KEY: files['signing.key']!,
    };
    if (service !== 'verifier') delete env.CAP_OAUTH__PUBLIC_KEY_PATH;
    const argv = ['config', 'check', '--service', service, '--config', `examples/config/${service}/app.yaml`];
    expect(await cap(argv, { env })).toMatchObject({ code: 0, err: '' });
  });

  it.each([
    ['of another type', 'rsa.key'],
    ["of another certificate's", 'second.key'],
  ])('names both files when the key is one %s', async (_name, key) => {
    const pair = { cert: 'libs/service-kit/testdata/first.crt', key: `libs/service-kit/testdata/${key}` };
    const file = await appYaml(JSON.stringify({ tls: { mode: 'tls', ...pair } }));
    for (const service of [[], ['--service', 'registry']]) {
      const { code, err } = await cap(['config', 'check', '--config', file, ...service]);
      expect([code, err]).toEqual([78, expect.stringContaining(pair.cert)]);
      expect(err).toContain(pair.key);
    }
  });
});
