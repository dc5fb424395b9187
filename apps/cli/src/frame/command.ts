import { Option, type Command } from 'commander';
import { EXIT, type ExitCode } from '@cap/core';
import { type CliIo } from './io.js';

/** What a verb is: it gets its options and arguments, prints its result and returns the exit code. */
export type Verb<Options, Arguments extends unknown[]> = (
  io: CliIo,
  options: Options,
  ...args: Arguments
) => Promise<ExitCode | void>;

/** One run of the program. */
export class Run {
  exitCode: ExitCode = EXIT.ok;
  constructor(readonly io: CliIo) {}

  /**
   * A verb's action, which loads the verb's own module only now: what a command does not need, it does not import.
   * commander calls an action with the arguments, then the options, then the command.
   */
  action<Options, Arguments extends unknown[]>(load: () => Promise<Verb<Options, Arguments>>) {
    return async (...received: unknown[]): Promise<void> => {
      const [options] = received.splice(-2);
      const verb = await load();
      const { requireForwardSecrecy } = await import('@cap/crypto');
      requireForwardSecrecy();
      this.exitCode = (await verb(this.io, options as Options, ...(received as Arguments))) ?? EXIT.ok;
    };
  }
}

/** Puts a command group's verbs under `program`. */
export type DefineGroup = (program: Command, run: Run) => void;

/** A verb: summary, examples (shown before everything else in its help), --json. */
export function verb(parent: Command, nameAndArguments: string, summary: string, examples: readonly string[]): Command {
  const command = parent.command(nameAndArguments).summary(summary).description(summary);
  withExamples(command, examples);
  return command.addOption(new Option('--json', 'print the result as JSON'));
}

/** A group of verbs. */
export function group(parent: Command, name: string, summary: string, examples: readonly string[]): Command {
  return withExamples(parent.command(name).summary(summary).description(summary), examples);
}

export function withExamples(command: Command, examples: readonly string[]): Command {
  return command.addHelpText('before', `Examples:\n${examples.map((line) => `  ${line}\n`).join('')}`);
}
