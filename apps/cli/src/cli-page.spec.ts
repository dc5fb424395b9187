import { readFile, writeFile } from 'node:fs/promises';
import { expect, it } from '@jest/globals';
import { Command } from 'commander';
import { Run } from './frame/command.js';
import { GROUPS } from './frame/groups.js';
import { processIo } from './frame/io.js';

const PAGE = new URL('../../../docs/cli.md', import.meta.url);
const BEGIN = '<!-- generated from the definitions of the verbs: pnpm docs:cli -->\n';

/** Every verb with its usage and options, as the help says them. */
async function reference(): Promise<string> {
  const program = new Command('cap');
  const run = new Run(processIo());
  for (const { load } of GROUPS) (await load())(program, run);
  const parts: string[] = [];
  const walk = (command: Command, name: string) => {
    if (command.commands.length > 0) return command.commands.forEach((child) => walk(child, `${name} ${child.name()}`));
    const help = command.createHelp();
    const options = help.visibleOptions(command).filter(({ long }) => long !== '--help' && long !== '--json');
    parts.push(`### ${name}\n\n${command.summary()}\n\n    ${name} ${command.usage()}\n`);
    if (options.length > 0)
      parts.push(
        `\n${options.map((option) => `- \`${help.optionTerm(option)}\` – ${help.optionDescription(option)}`).join('\n')}\n`,
      );
    parts.push('\n');
  };
  for (const command of program.commands) walk(command, `cap ${command.name()}`);
  return parts.join('').trimEnd() + '\n';
}

it('docs/cli.md has every verb with its flags', async () => {
  const page = await readFile(PAGE, 'utf8');
  const made = `${page.slice(0, page.indexOf(BEGIN) + BEGIN.length)}\n${await reference()}`;
  if (process.env.CAP_UPDATE_PAGES === '1') await writeFile(PAGE, made);
  else expect(page).toBe(made);
});
