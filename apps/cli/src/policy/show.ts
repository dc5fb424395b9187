import { printResult, table } from '../io.js';
import { printableIn } from '../printable.js';
import { verb } from '../verb.js';
import { lintLine, policyIdentity, readPolicy } from './policy-file.js';

export default verb({
  examples: ['cap policy show policy.yaml'],
  syntax: (command) => command.argument('<file>'),
  run: async (io, options, file) => {
    const policy = await readPolicy(io, file);
    const { metadata, requirements, lints, document } = policy;
    printResult(io, options, { ...policyIdentity(policy), metadata, requirements, lints, document }, () =>
      [
        `policy   ${policy.policy_id} (${policy.format})`,
        `hash     ${policy.policy_hash}`,
        '',
        table(
          ['rule', 'list', 'needs'],
          printableIn(requirements).map(({ rule_id, list, need }) => [rule_id, list, needText(need)]),
        ),
        ...(lints.length > 0 ? ['', ...lints.map(lintLine)] : []),
      ].join('\n'),
    );
  },
});

const needText = ({ kind, ...particulars }: { kind: string }): string =>
  [kind, ...Object.entries(particulars).map(([name, value]) => `${name} ${JSON.stringify(value)}`)].join(', ');
