import path from 'node:path';
import { CapError, EXIT, type ExitCode, type JsonValue } from '@cap/core';
import { lintErrors, parsePolicyText, runPolicyTests, type CompiledPolicy, type Lint } from '@cap/policy';
import { exists, inputName, readInput } from '../frame/input.js';
import { printResult, table, type CliIo } from '../frame/io.js';
import { printable, printableIn } from '../frame/printable.js';
import { writeOutput } from '../frame/output.js';
import { requireOneStdin } from '../verify/one-stdin.js';
import { readPolicy } from './read-policy.js';

interface Options {
  json?: boolean;
  lintMode?: 'strict' | 'relaxed';
}

const identity = ({ format, id, version, policy_id, policy_hash }: CompiledPolicy) => ({
  format,
  id,
  version,
  policy_id,
  policy_hash,
});

export async function validate(io: CliIo, options: Options, file: string): Promise<void> {
  const policy = await readPolicy(io, file);
  printResult(io, options, identity(policy), () => `${policy.policy_id}  ${policy.policy_hash}`);
}

const lintLine = ({ code, message }: Lint) => `${code}  ${printable(message)}`;
const lintExit = (lints: readonly Lint[]): ExitCode =>
  lintErrors([...lints]).length > 0 ? EXIT.fault : lints.length > 0 ? EXIT.warn : EXIT.ok;

export async function lint(io: CliIo, options: Options, file: string): Promise<ExitCode> {
  const { lints, policy_id, policy_hash } = await readPolicy(io, file, options);
  printResult(io, options, { policy_id, policy_hash, lints }, () =>
    lints.length === 0 ? 'clean' : lints.map(lintLine).join('\n'),
  );
  return lintExit(lints);
}

export async function compile(io: CliIo, options: Options & { out: string }, file: string): Promise<ExitCode> {
  const policy = await readPolicy(io, file, options);
  const { ir, ir_hash, lints } = policy;
  const refused = lintErrors([...lints]).length > 0;
  for (const one of lints) io.err(`${lintLine(one)}\n`);
  const body = options.json ? { ...identity(policy), ir, ir_hash, lints } : ir;
  // A refused policy leaves no file; --json still says on stdout what was found, as the API does.
  if (!refused || (options.json && options.out === '-'))
    await writeOutput(io, options.out, `${JSON.stringify(body, null, 2)}\n`);
  return refused ? EXIT.fault : EXIT.ok;
}

export async function show(io: CliIo, options: Options, file: string): Promise<void> {
  const policy = await readPolicy(io, file);
  const { metadata, requirements, lints, document } = policy;
  printResult(io, options, { ...identity(policy), metadata, requirements, lints, document }, () =>
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
}

const needText = (need: { kind: string }): string =>
  [
    need.kind,
    ...Object.entries(need)
      .filter(([name]) => name !== 'kind')
      .map(([name, value]) => `${name} ${JSON.stringify(value)}`),
  ].join(', ');

export async function test(io: CliIo, options: Options, file: string, casesFile?: string): Promise<ExitCode> {
  requireOneStdin([
    ['the policy', file],
    ['the cases', casesFile],
  ]);
  const document = parsePolicyText(await readInput(io, file), inputName(file));
  const from = casesFile ?? (await casesBeside(file));
  const cases: JsonValue = parsePolicyText(await readInput(io, from), inputName(from));
  const results = runPolicyTests(document, cases);
  const failed = results.filter(({ ok }) => !ok);
  printResult(io, options, { policy: file, cases: from, results }, () =>
    [
      ...results.map(({ ok, name, message }) =>
        printable(`${ok ? 'ok  ' : 'FAIL'}  ${name}${message ? `: ${message}` : ''}`),
      ),
      `${results.length - failed.length} of ${results.length} cases hold`,
    ].join('\n'),
  );
  return failed.length === 0 ? EXIT.ok : EXIT.fault;
}

/** `NAME.cases.yaml` or `NAME.cases.json` beside `NAME.yaml`. */
async function casesBeside(file: string): Promise<string> {
  const base = path.join(path.dirname(file), path.basename(file, path.extname(file)));
  const candidates = ['yaml', 'yml', 'json'].map((extension) => `${base}.cases.${extension}`);
  for (const candidate of candidates) if (await exists(candidate)) return candidate;
  throw new CapError('file.missing', `no cases beside ${file}: expected ${candidates.join(' or ')}`);
}
