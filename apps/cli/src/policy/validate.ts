import { printResult } from '../io.js';
import { verb } from '../verb.js';
import { policyIdentity, readPolicy } from './policy-file.js';

export default verb({
  examples: ['cap policy validate policy.json', 'cat policy.yaml | cap policy validate -'],
  syntax: (command) => command.argument('<file>'),
  run: async (io, options, file) => {
    const policy = await readPolicy(io, file);
    printResult(io, options, policyIdentity(policy), () => `${policy.policy_id}  ${policy.policy_hash}`);
  },
});
