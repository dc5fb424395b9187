import { Option } from '@commander-js/extra-typings';
import { isCapError } from '@cap/core';
import { rfc3339 } from '@cap/crypto';
import { comparison } from '@cap/lists';
import { coverageText, listCoverage } from '@cap/policy';
import { proverFor, violationText, type FalseRule } from '@cap/proof/prove';
import { Project } from '@cap/prover';
import { saltDecrypter } from '../age.js';
import { progress, progressDone, type CliIo } from '../io.js';
import { IDENTITY, utcTime } from '../options.js';
import { writeOutput } from '../output.js';
import { printable } from '../printable.js';
import { verb } from '../verb.js';
import { proofSigner } from './signer.js';

export default verb({
  examples: [
    'cap prove --project project',
    'cap prove --project project --key 5f0c…',
    'cap prove --project project --audience auditor.example.com --nonce 7f3a --expires-at 2026-12-31T00:00:00Z',
  ],
  syntax: (command) =>
    command
      .requiredOption('--project <dir>', 'project directory with a manifest')
      .addOption(
        new Option(
          '--backend <name>',
          'kzg-columns (zero knowledge, opens no row), disclosure (opens rows, needs merkle-blake3 commitments), or mock (claims ' +
            "only: the verdict is never better than warn) (default: the one for the manifest's commitments)",
        ).choices(['kzg-columns', 'disclosure', 'mock']),
      )
      .option(
        '--key <kid>',
        'the key that will sign the bundle; its public half is enough (default: the only usable one)',
      )
      .option('--keys <dir>', "directory of the keys (default: the project's keys/)")
      .option('--audience <text>', 'whom the proof is for')
      .option('--nonce <text>', 'the nonce that the verifier asked for')
      .option('--expires-at <time>', 'until when the proof may be presented, RFC 3339 UTC', utcTime)
      .option('--out <file>', 'where the result is written: the record, or every row that breaks a rule', '-')
      .option(...IDENTITY)
      .addHelpText(
        'after',
        '\nThe proof names its signer: a bundle signed with another key fails.\n' +
          'If a rule does not hold: exit 2, no proof, and the rule, the rows and the list entries are named (the first ten; all\n' +
          'of them with --json, or in the file of --out).',
      ),
  run: async (io, options) => {
    const project = await Project.open(options.project);
    const built = await project.manifest();
    const { backend } = proverFor(built.manifest, options.backend);
    const signer = await proofSigner(options, io.now());
    for (const { file, mode } of await project.exposedFiles())
      io.err(
        `cap: warning: ${file} has mode 0${mode.toString(8)}: other users of this machine can read it; run: chmod 600 ${file}\n`,
      );
    progress(io, `proving with ${backend.name}`);
    const statement = {
      signer: signer.publicKey,
      ...(options.audience === undefined ? {} : { audience: options.audience }),
      ...(options.nonce === undefined ? {} : { nonce: options.nonce }),
      issued_at: rfc3339(io.now()),
      ...(options.expiresAt === undefined ? {} : { expires_at: options.expiresAt }),
    };
    const proving = project.prove(backend.name, statement, {
      built,
      threads: io.threads,
      ...saltDecrypter(io, options.identity),
      progress: (done, of) => progress(io, `proving with ${backend.name} ${bar(done, of)}`),
    });
    const record = await proving.catch(async (error: unknown) => {
      if (options.out !== '-' && isCapError(error) && error.code === 'proof.false-statement')
        await writeFalseRules(io, options, error.details as FalseRule[]);
      throw error;
    });
    progressDone(io);
    const text = `proof_hash  ${record.proof_hash}\nbackend     ${record.backend}\nsigner      ${signer.kid}\n`;
    await writeOutput(io, options.out, options.json ? `${JSON.stringify(record, null, 2)}\n` : text);
    for (const each of listCoverage(await project.policy(built), await project.referenceLists(built))) {
      const { list, scheme, reference_list, usable, entries } = each;
      io.err(`${list} were compared with the list ${reference_list} by ${comparison(scheme)}.\n`);
      if (usable < entries) io.err(`Only ${coverageText(each)}; the others lack a field.\n`);
    }
    if (backend.strength === 'claimed')
      io.err('The proof only claims that the rules hold: no verdict on it is better than warn.\n');
    if (backend.strength === 'disclosed')
      io.err(`The proof opens rows. Before you share it, "cap inspect ${options.project}" shows which.\n`);
  },
});

/** Every row, where a terminal shows the first few. They are the company's own data: only the user may read the file. */
async function writeFalseRules(
  io: CliIo,
  { out, json }: { out: string; json?: true },
  rules: readonly FalseRule[],
): Promise<void> {
  const lines = rules.flatMap(({ rule_id, status, rows }) =>
    rows.length === 0
      ? [`${rule_id}: ${status === 'violated' ? 'does not hold' : "can't be proven with these lists"}`]
      : rows.map((row) => `${rule_id}: ${violationText(row)}`),
  );
  const text = json ? JSON.stringify(rules, null, 2) : lines.map(printable).join('\n');
  await writeOutput(io, out, `${text}\n`, { mode: 0o600 });
  io.err(`every row: ${out}\n`);
}

const BAR = 20;
const bar = (done: number, of: number): string => {
  const full = Math.round((BAR * done) / of);
  return `[${'#'.repeat(full)}${' '.repeat(BAR - full)}] ${Math.round((100 * done) / of)} %`;
};
