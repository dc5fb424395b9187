import { Command, Option } from '@commander-js/extra-typings';
import type { ExitCode } from '@cap/core/errors';
import type { CliIo } from './io.js';
import { type Verb, withExamples } from './verb.js';

/** The project's version; a test compares it with package.json. */
export const VERSION = '0.1.0';

/** A verb: `cap verify`, or `lint` in a group. */
interface VerbEntry {
  name: string;
  summary: string;
  /** Loads its module and all the libraries that it needs. */
  load(): Promise<{ default: Verb }>;
}

/** A group of verbs: `cap policy`. */
interface GroupEntry {
  name: string;
  summary: string;
  examples: readonly string[];
  verbs: readonly VerbEntry[];
  /** Names of verbs to come. They are not in the help; calling one is wrong usage (exit 64) that says so. */
  notBuilt?: readonly string[];
}

export type CommandEntry = VerbEntry | GroupEntry;

interface Selection {
  /** Whose module is loaded: by default every verb's. The others are only named in the help. */
  isCalled?: (group: string | null, verb: string) => boolean;
  /** Takes the exit code of the verb that was run. */
  finish?: (code: ExitCode) => void;
}

/** The program with its commands, ready to parse a command line. */
export async function defineProgram(
  commands: readonly CommandEntry[],
  io: CliIo,
  { isCalled = () => true, finish = () => undefined }: Selection = {},
): Promise<Command> {
  const program = new Command('cap')
    .description('Prove that the rules of the German Supply Chain Act hold, without handing over the lists.')
    .version(`cap ${VERSION}`, '--version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void io.out(text),
      writeErr: (text) => io.err(text),
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
  program.addHelpText('after', EXIT_CODES);
  for (const entry of commands) {
    if ('load' in entry) {
      await addVerb(program, entry, isCalled(null, entry.name), io, finish);
      continue;
    }
    const group = program.command(entry.name).summary(entry.summary).description(entry.summary);
    withExamples(group, entry.examples);
    for (const verb of entry.verbs) await addVerb(group, verb, isCalled(entry.name, verb.name), io, finish);
    for (const name of entry.notBuilt ?? []) addNotBuilt(group, name);
  }
  return program;
}

type Parent = Pick<Command, 'command' | 'error'>;

async function addVerb(
  parent: Parent,
  { name, summary, load }: VerbEntry,
  isCalled: boolean,
  io: CliIo,
  finish: (code: ExitCode) => void,
): Promise<void> {
  const command = parent.command(name).summary(summary).description(summary);
  if (!isCalled) return;
  const { default: verb } = await load();
  verb.attach(command.addOption(new Option('--json', 'print the result as JSON')), io, finish);
}

function addNotBuilt(group: Parent & Pick<Command, 'name'>, name: string): void {
  const command = group.command(name, { hidden: true }).allowUnknownOption().allowExcessArguments();
  command.showHelpAfterError(false).action(() => {
    const code = 'verb.unsupported';
    command.error(`error: ${code}: cap ${group.name()} ${name}: not implemented in this version`, { code });
  });
}

const EXIT_CODES = `
Results go to stdout, messages to stderr; "-" stands for stdin or stdout.
Exit codes: 0 ok, 1 warn, 2 fail or fault found, 64 usage, 65 malformed input, 66 no such file, 69 service unreachable,
  70 internal error, 73 can't create, 74 can't write, 75 busy, 77 permission denied, 78 configuration.`;
