import { EXIT } from '@cap/core';
import { lintErrors } from '@cap/policy';
import { printResult } from '../io.js';
import { verb } from '../verb.js';
import { lintLine, lintMode, readPolicy } from './policy-file.js';

export default verb({
  examples: ['cap policy lint policy.yaml --json'],
  syntax: (command) => command.argument('<file>').addOption(lintMode),
  run: async (io, options, file) => {
    const { lints, policy_id, policy_hash } = await readPolicy(io, file, options);
    printResult(io, options, { policy_id, policy_hash, lints }, () =>
      lints.length === 0 ? 'clean' : lints.map(lintLine).join('\n'),
    );
    if (lintErrors(lints).length > 0) return EXIT.fault;
    return lints.length > 0 ? EXIT.warn : EXIT.ok;
  },
});
