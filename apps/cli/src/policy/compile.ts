import { EXIT } from '@cap/core';
import { lintErrors } from '@cap/policy';
import { writeOutput } from '../output.js';
import { verb } from '../verb.js';
import { lintLine, lintMode, policyIdentity, readPolicy } from './policy-file.js';

export default verb({
  examples: ['cap policy compile policy.yaml > policy.ir.json'],
  syntax: (command) =>
    command.argument('<file>').addOption(lintMode).option('--out <file>', 'where the IR is written', '-'),
  run: async (io, options, file) => {
    const policy = await readPolicy(io, file, options);
    const { ir, ir_hash, lints } = policy;
    const refused = lintErrors(lints).length > 0;
    for (const lint of lints) io.err(`${lintLine(lint)}\n`);
    const result = options.json ? { ...policyIdentity(policy), ir, ir_hash, lints } : ir;
    // A refused policy leaves no file; with --json its lints still go to stdout, as in the API's answer.
    if (!refused || (options.json && options.out === '-'))
      await writeOutput(io, options.out, `${JSON.stringify(result, null, 2)}\n`);
    return refused ? EXIT.fault : EXIT.ok;
  },
});
