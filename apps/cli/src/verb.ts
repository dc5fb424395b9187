import type { Command, OptionValues } from '@commander-js/extra-typings';
import { EXIT, type ExitCode } from '@cap/core/errors';
import type { CliIo } from './io.js';
import { refuseRepetition } from './repeated-options.js';

/** A verb's command before it has said what it takes. Every verb has `--json`. */
export type BareCommand = Command<[], { json?: true }>;

/** The options that a syntax declares. */
export type OptionsOf<Syntax extends (command: BareCommand) => { opts(): OptionValues }> = ReturnType<
  ReturnType<Syntax>['opts']
>;

interface Definition<Args extends unknown[], Options extends OptionValues> {
  /** Command lines, shown before everything else in the help. */
  examples: readonly string[];
  /** Declares arguments and options; `run` gets them by these types. */
  syntax: (command: BareCommand) => Command<Args, Options>;
  /** Prints its result. The exit code is 0 unless it returns another one. */
  run: (...call: [io: CliIo, options: Options, ...args: Args]) => Promise<ExitCode | void>;
}

/** What a module of a verb exports. */
export interface Verb {
  /** Completes the verb's command; `finish` is called with the exit code once it has run. */
  attach(command: BareCommand, io: CliIo, finish: (code: ExitCode) => void): void;
}

export function verb<Args extends unknown[], Options extends OptionValues>(
  definition: Definition<Args, Options>,
): Verb {
  return {
    attach(command, io, finish) {
      withExamples(command, definition.examples);
      const declared = definition.syntax(command);
      refuseRepetition(declared);
      declared.action(async () => {
        const { requireForwardSecrecy } = await import('@cap/crypto/tls-ciphers');
        requireForwardSecrecy();
        finish((await definition.run(io, declared.opts(), ...declared.processedArgs)) ?? EXIT.ok);
      });
    },
  };
}

export function withExamples<C extends Pick<Command, 'addHelpText'>>(command: C, examples: readonly string[]): C {
  command.addHelpText('before', `Examples:\n${examples.map((line) => `  ${line}\n`).join('')}`);
  return command;
}
