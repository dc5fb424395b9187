import { readFile, writeFile } from 'node:fs/promises';
import { expect, it } from '@jest/globals';
import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import { ERROR_CODES, EXIT, exitOf } from '@cap/core';
import { COMMANDS } from './groups.js';
import { processIo } from './io.js';
import { defineProgram } from './program.js';

const PAGE = new URL('../../../docs/cli.md', import.meta.url);
const BEGIN = '<!-- generated from the definitions of the verbs: pnpm docs:cli -->\n';

/** Every verb with its usage and options, as the help says them. */
async function reference(): Promise<string> {
  const program = await defineProgram(COMMANDS, processIo());
  const parts: string[] = [];
  const walk = (command: CommandUnknownOpts, name: string) => {
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

const CODES_BEGIN = '<!-- codes: generated from libs/core/src/codes.ts by pnpm docs:cli -->\n';
const CODES_END = '<!-- /codes -->\n';

/** Every code under the exit code that a command ends with. */
function codesByExit(): string {
  const byExit = Map.groupBy(ERROR_CODES, exitOf);
  const rows = [...byExit]
    .sort(([a], [b]) => a - b)
    .map(([exit, codes]) => {
      const names = codes.toSorted().map((code) => `\`${code}\``);
      return `| ${exit} | ${names.join(' ')} |`;
    });
  return `\n| exit | codes |\n|---|---|\n${rows.join('\n')}\n\n`;
}

const between = (page: string, begin: string, end: string, text: string): string => {
  const first = page.indexOf(begin) + begin.length;
  return page.slice(0, first) + text + page.slice(page.indexOf(end, first));
};

it('docs/cli.md has every verb with its flags, and every code with its exit code', async () => {
  const page = await readFile(PAGE, 'utf8');
  const verbs = `${page.slice(0, page.indexOf(BEGIN) + BEGIN.length)}\n${await reference()}`;
  const made = between(verbs, CODES_BEGIN, CODES_END, codesByExit());
  if (process.env.CAP_UPDATE_PAGES === '1') await writeFile(PAGE, made);
  else expect(page).toBe(made);
});

it('docs/cli.md says what every exit code means', async () => {
  const page = await readFile(PAGE, 'utf8');
  const [, table] = page.split('| exit | meaning |\n|---|---|\n');
  const rows = table!.slice(0, table!.indexOf('\n\n')).split('\n');
  expect(rows.map((row) => Number(row.split('|')[1]))).toEqual(Object.values(EXIT));
});
