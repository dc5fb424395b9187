import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { cap } from './cli.fixture.js';
import { COMMANDS } from './groups.js';
import { VERSION } from './program.js';

describe('cap', () => {
  it('prints its version, which is the package version', async () => {
    expect(await cap(['--version'])).toMatchObject({ code: 0, out: `cap ${VERSION}\n`, err: '' });
    expect(JSON.parse(readFileSync('apps/cli/package.json', 'utf8')).version).toBe(VERSION);
  });

  it('shows help on stdout, examples first', async () => {
    const { code, out, err } = await cap(['--help']);
    expect(code).toBe(0);
    expect(err).toBe('');
    expect(out.startsWith('Examples:\n')).toBe(true);
    for (const { name } of COMMANDS) expect(out).toMatch(new RegExp(`^  ${name} `, 'm'));
  });

  it.each(COMMANDS.map(({ name }) => name))('has help with examples for %s', async (name) => {
    const { code, out } = await cap([name, '--help']);
    expect(code).toBe(0);
    expect(out.startsWith('Examples:\n')).toBe(true);
    expect(out).toContain(`Usage: cap ${name}`);
  });

  it('offers --json in every verb, and fails in JSON there', async () => {
    const verbs = await Promise.all(
      COMMANDS.map(async ({ name }) => {
        const { out } = await cap([name, '--help']);
        const names = [...(out.split('Commands:\n')[1] ?? '').matchAll(/^ {2}([a-z]+) /gm)].map((match) => match[1]!);
        return names.filter((verb) => verb !== 'help').map((verb) => [name, verb]);
      }),
    );
    const all = [...verbs.flat(), ['prepare'], ['inspect'], ['prove'], ['verify']];
    expect(all.length).toBeGreaterThan(30);
    for (const verb of all)
      expect([verb, (await cap([...verb, '--help'])).out]).toEqual([verb, expect.stringContaining('--json')]);
    for (const verb of [...all, ['keys', 'rotate'], ['nonsense']]) {
      const { code, out } = await cap([...verb, '--no-such-option', '--json']);
      expect([verb, code, JSON.parse(out).error.exit]).toEqual([verb, 64, 64]);
    }
  });

  it('names an option that was given twice, in every verb that does not collect it', async () => {
    for (const verb of [['verify', 'a.zip'], ['prepare'], ['prove'], ['keys', 'generate'], ['registry', 'list']]) {
      const { code, err } = await cap([...verb, '--json', '--json']);
      expect([verb, code, err]).toEqual([verb, 64, expect.stringContaining("'--json' was given twice")]);
    }
  });

  it.each([
    [[]],
    [['frobnicate']],
    [['keys']],
    [['keys', 'frobnicate']],
    [['verify']],
    [['verify', 'a.zip', '--frobnicate']],
    [['verify', 'a.zip', 'b.zip']],
    [['verify', 'a.zip', '--at', 'yesterday']],
    [['verify', 'a.zip', '--nonce', 'a', '--nonce', 'b']],
    [['keys', 'generate', '--owner', 'a', '--owner', 'b']],
    [['verify', 'a.zip', '--check-timestamp']],
    [['verify', 'a.zip', '--offline', '--url', 'http://127.0.0.1:1']],
    [['keys', 'generate']],
    [['keys', 'generate', '--owner', 'x', '--valid-days', '0']],
    [['keys', 'generate', '--owner', '']],
    [['keys', 'generate', '--owner', ' ']],
    [['keys', 'generate', '--owner', 'x', '--usage', 'foo']],
    [['dev', 'token', '--scope', 'x', '--expires-in', '-1']],
    [['dev', 'token', '--scope', '']],
    [['dev', 'token', '--scope', '  ']],
    [['dev', 'token', '--scope', 'verify:read,"policy']],
  ])('calls %j wrong usage: 64, words on stderr, nothing on stdout', async (argv) => {
    const { code, out, err } = await cap(argv);
    expect(code).toBe(64);
    expect(out).toBe('');
    expect(err).not.toBe('');
  });

  it.each(['registry verify', 'keys rotate', 'backup prune', 'keys revoke'])(
    'knows the name %s, and says that it is not built',
    async (name) => {
      const { code, out, err } = await cap([...name.split(' '), '--some', 'option']);
      expect(code).toBe(64);
      expect(out).toBe('');
      expect(err).toBe(`cap: verb.unsupported: cap ${name}: not implemented in this version\n`);
    },
  );

  it('does not list in the help what is not built', async () => {
    expect((await cap(['keys', '--help'])).out).not.toMatch(/^ {2}(rotate|revoke)\b/m);
  });
});
