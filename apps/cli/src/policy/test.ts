import path from 'node:path';
import { EXIT, CapError } from '@cap/core';
import { parsePolicyText, runPolicyTests } from '@cap/policy';
import { assertOneStdin, exists, inputName, readInput } from '../input.js';
import { printResult } from '../io.js';
import { printable } from '../printable.js';
import { verb } from '../verb.js';

export default verb({
  examples: [
    'cap policy test policy.yaml                 (with policy.cases.yaml or policy.cases.json next to it)',
    'cap policy test policy.yaml cases.yaml',
  ],
  syntax: (command) => command.argument('<file>').argument('[cases]'),
  run: async (io, options, file, casesFile) => {
    assertOneStdin([
      ['the policy', file],
      ['the cases', casesFile],
    ]);
    const document = parsePolicyText(await readInput(io, file), inputName(file));
    const from = casesFile ?? (await defaultCasesFile(file));
    const results = runPolicyTests(document, parsePolicyText(await readInput(io, from), inputName(from)));
    const failed = results.filter(({ ok }) => !ok);
    printResult(io, options, { policy: file, cases: from, results }, () =>
      [
        ...results.map(({ ok, name, message }) =>
          printable(`${ok ? 'ok  ' : 'FAIL'}  ${name}${message ? `: ${message}` : ''}`),
        ),
        `${results.length - failed.length} of ${results.length} cases passed`,
      ].join('\n'),
    );
    return failed.length === 0 ? EXIT.ok : EXIT.fault;
  },
});

/** `NAME.cases.yaml` or `NAME.cases.json` next to `NAME.yaml`. */
async function defaultCasesFile(file: string): Promise<string> {
  const base = path.join(path.dirname(file), path.basename(file, path.extname(file)));
  const candidates = ['yaml', 'yml', 'json'].map((extension) => `${base}.cases.${extension}`);
  for (const candidate of candidates) if (await exists(candidate)) return candidate;
  throw new CapError('file.missing', `no cases next to ${file}: expected ${candidates.join(' or ')}`);
}
