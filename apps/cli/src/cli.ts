import { Command } from 'commander';
import { type ExitCode } from '@cap/core';
import { Run, withExamples } from './frame/command.js';
import { reportFailure } from './frame/failure.js';
import { GROUPS } from './frame/groups.js';
import { refuseRepetition } from './frame/option-values.js';
import { progressDone, type CliIo } from './frame/io.js';
import { refusePlanned } from './frame/planned.js';
import { VERSION } from './version.js';

/** Runs one command line (without `node` and the script's name) and returns its exit code; never throws. */
export async function runCli(argv: readonly string[], io: CliIo): Promise<ExitCode> {
  const run = new Run(io);
  try {
    refusePlanned(argv);
    const program = await defineProgram(argv, run);
    await program.parseAsync(argv, { from: 'user' });
    return run.exitCode;
  } catch (error) {
    progressDone(io);
    return reportFailure(error, io, { json: wantsJson(argv) });
  }
}

/** Also of a command line that could not be read: whoever asked for JSON reads stdout. */
const wantsJson = (argv: readonly string[]): boolean =>
  argv.slice(0, argv.includes('--') ? argv.indexOf('--') : undefined).includes('--json');

async function defineProgram(argv: readonly string[], run: Run): Promise<Command> {
  const program = new Command('cap')
    .description('Prove that the rules of the German Supply Chain Act hold, without handing over the lists.')
    .version(`cap ${VERSION}`, '--version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void run.io.out(text),
      writeErr: (text) => run.io.err(text),
      outputError: (text, write) => write(text.replace(/^error: /, 'cap: ')),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .showHelpAfterError('(add --help for help)');
  withExamples(program, [
    'cap prepare --suppliers suppliers.csv --ubos ubos.csv --out project',
    'cap manifest build --project project --policy policy.json --sanctions sanctions.csv',
    'cap keys generate --project project --owner "Compliance"',
    'cap prove --project project',
    'cap bundle create --project project --key KID --out bundle.zip',
    'cap verify bundle.zip --policy policy.json --trust trust.json',
  ]);
  program.addHelpText('after', EXITS);
  // `cap help GROUP` needs the group too.
  const [called] = argv.filter((word) => !word.startsWith('-') && word !== 'help');
  for (const { name, summary, load } of GROUPS) {
    if (name === called) (await load())(program, run);
    else program.command(name).summary(summary).description(summary);
  }
  program.commands.forEach(refuseRepetition);
  return program;
}

const EXITS = `
Results go to stdout, words to stderr; "-" stands for stdin or stdout.
Exits: 0 ok, 1 warn, 2 fail or fault found, 64 usage, 65 malformed input, 66 no such file, 69 service unreachable,
  70 internal, 73 can't create, 74 can't write, 75 busy, 77 forbidden, 78 configuration.`;
