import { describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { cap } from '../cli.fixture.js';

/** What bash offers for the last of the words. */
async function offered(...words: string[]): Promise<string[]> {
  const { out, code } = await cap(['completion', 'bash']);
  expect(code).toBe(0);
  const line = ['cap', ...words].map((word) => `'${word}'`).join(' ');
  const script = `${out}\nCOMP_WORDS=(${line}); COMP_CWORD=${words.length}; _cap; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync('bash', ['-c', script], { encoding: 'utf8' }).trim().split('\n');
}

describe('cap completion', () => {
  it('offers verbs, their verbs, and their options', async () => {
    expect(await offered('re')).toEqual(['registry']);
    expect(await offered('registry', '')).toEqual(expect.arrayContaining(['list', 'show', 'fsck', '--help']));
    expect(await offered('policy', 'l')).toEqual(['lint']);
    expect(await offered('registry', 'list', '--re')).toEqual(['--result']);
    expect(await offered('verify', '--aud')).toEqual(['--audience']);
    expect(await offered('verify', 'bundle.zip', '--aud')).toEqual(['--audience']);
  });

  it('speaks to zsh and fish too, and to nobody else', async () => {
    expect((await cap(['completion', 'zsh'])).out).toContain('bashcompinit');
    const fish = (await cap(['completion', 'fish'])).out;
    expect(fish).toContain("complete -c cap -n '__fish_use_subcommand' -f -a verify");
    expect(fish).toContain(
      "complete -c cap -n '__fish_seen_subcommand_from registry; and __fish_seen_subcommand_from list' -l result",
    );
    expect((await cap(['completion', 'tcsh'])).code).toBe(64);
  });
});
