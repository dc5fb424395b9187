import { EXIT, type ExitCode } from '@cap/core/errors';
import { reportFailure } from './failure.js';
import { COMMANDS } from './groups.js';
import { progressDone, type CliIo } from './io.js';
import { defineProgram } from './program.js';

/** Runs one command line (without `node` and the script's name) and returns its exit code; never throws. */
export async function runCli(argv: readonly string[], io: CliIo): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.ok;
  try {
    const [first, second] = argv.filter((word) => !word.startsWith('-') && word !== 'help');
    const program = await defineProgram(COMMANDS, io, {
      isCalled: (group, verb) => (group === null ? verb === first : group === first && verb === second),
      finish: (code) => {
        exitCode = code;
      },
    });
    await program.parseAsync(argv, { from: 'user' });
    return exitCode;
  } catch (error) {
    progressDone(io);
    return reportFailure(error, io, { json: wantsJson(argv) });
  }
}

/** Also for a command line that could not be parsed: whoever asked for JSON reads stdout. */
const wantsJson = (argv: readonly string[]): boolean =>
  argv.slice(0, argv.includes('--') ? argv.indexOf('--') : undefined).includes('--json');
