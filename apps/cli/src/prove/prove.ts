import { isCapError } from '@cap/core';
import { rfc3339 } from '@cap/crypto';
import { comparison } from '@cap/lists';
import { coverageText, listCoverage } from '@cap/policy';
import { type BackendName } from '@cap/proof';
import { proverFor, offenceWords, type FalseRule } from '@cap/proof/prove';
import { Project } from '@cap/prover';
import { revealWith } from '../frame/reveal.js';
import { progress, progressDone, type CliIo } from '../frame/io.js';
import { writeOutput } from '../frame/output.js';
import { printable } from '../frame/printable.js';
import { proofSigner } from './signer.js';

interface Options {
  project: string;
  backend?: BackendName;
  key?: string;
  keys?: string;
  audience?: string;
  nonce?: string;
  expiresAt?: string;
  identity?: string;
  out: string;
  json?: boolean;
}

export async function prove(io: CliIo, options: Options): Promise<void> {
  const project = await Project.open(options.project);
  const built = await project.manifest();
  const { backend } = proverFor(built.manifest, options.backend);
  const signer = await proofSigner(options, io.now());
  for (const { file, mode } of await project.exposedFiles())
    io.err(
      `cap: warning: ${file} has mode 0${mode.toString(8)}: others on this machine may read it; run: chmod 600 ${file}\n`,
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
    ...(await revealWith(io, options.identity)),
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
  if (backend.strength === 'claimed') io.err('The proof only carries claims: no verdict on it is better than warn.\n');
  if (backend.strength === 'disclosed')
    io.err(`The proof opens rows. "cap inspect ${options.project}" says which, before it leaves the house.\n`);
}

/** Every row, where a terminal shows the first few. They are the company's own: the file is for its eyes. */
async function writeFalseRules(io: CliIo, { out, json }: Options, rules: readonly FalseRule[]): Promise<void> {
  const lines = rules.flatMap(({ rule_id, status, rows }) =>
    rows.length === 0
      ? [`${rule_id}: ${status === 'violated' ? 'does not hold' : "can't be shown from these lists"}`]
      : rows.map((row) => `${rule_id}: ${offenceWords(row)}`),
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
