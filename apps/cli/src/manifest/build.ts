import { randomUUID } from 'node:crypto';
import { CapError } from '@cap/core';
import { rfc3339, type Digest } from '@cap/crypto';
import { type CompiledPolicy, coverageText } from '@cap/policy';
import { Project, type ReferenceListInput } from '@cap/prover';
import { type CommitmentScheme } from '@cap/proof';
import { inputName, readInput } from '../frame/input.js';
import { printResult, type CliIo } from '../frame/io.js';
import { type ListOfDay } from '../frame/option-values.js';
import { readPolicy } from '../policy/read-policy.js';

interface Options {
  project: string;
  policy: string;
  sanctions?: ListOfDay;
  jurisdictions?: ListOfDay;
  list?: (ListOfDay & { id: string })[];
  scheme?: CommitmentScheme;
  company?: string;
  lei?: string;
  asOf?: string;
  json?: boolean;
}

export async function build(io: CliIo, options: Options): Promise<void> {
  const project = await Project.open(options.project);
  const before = await manifestHash(project);
  try {
    await buildAnew(io, options, project);
  } catch (error) {
    if (before !== null && (await manifestHash(project)) === before)
      io.err(`Nothing was built; the manifest that was there, ${before}, is unchanged.\n`);
    throw error;
  }
}

/** Null if there is none that can be read. */
const manifestHash = (project: Project): Promise<Digest | null> =>
  project.manifest().then(
    ({ hash }) => hash,
    () => null,
  );

async function buildAnew(io: CliIo, options: Options, project: Project): Promise<void> {
  const now = rfc3339(io.now());
  const today = now.slice(0, 10);
  const given = [
    ...(options.sanctions ? [{ id: 'sanctions', ...options.sanctions }] : []),
    ...(options.jurisdictions ? [{ id: 'jurisdictions', ...options.jurisdictions }] : []),
    ...(options.list ?? []),
  ];
  const referenceLists: ReferenceListInput[] = [];
  for (const { id, file, day } of given) {
    if (referenceLists.some((list) => list.id === id))
      throw new CapError('option.contradiction', `the list ${id} is given twice`);
    if (day === undefined) io.err(`${id}: no day given (${file}@YYYY-MM-DD), taken as of today, ${today}\n`);
    referenceLists.push({ id, bytes: await readInput(io, file), file: inputName(file), asOf: day ?? today });
  }
  const policy = await readPolicy(io, options.policy);
  for (const id of listsOf(policy))
    if (!referenceLists.some((list) => list.id === id))
      io.err(`The policy compares with the list ${id}, which is not given: its rules can not be proved.\n`);
  const { manifest, hash, coverage } = await project.buildManifest({
    policy,
    referenceLists,
    ...(options.scheme && { scheme: options.scheme }),
    company: { ...(options.company && { name: options.company }), ...(options.lei && { lei: options.lei }) },
    manifestId: randomUUID(),
    asOf: options.asOf ?? today,
    now,
  });
  for (const each of coverage)
    if (each.usable === 0) io.err(`${coverageText(each)}: the rule over them can't be proven.\n`);
    else if (each.usable < each.entries) io.err(`${coverageText(each)}; the others lack a field.\n`);
  printResult(io, options, { manifest_hash: hash, manifest }, () =>
    [
      `manifest_hash  ${hash}`,
      `policy         ${manifest.policy.id}@${manifest.policy.version}  ${manifest.policy.hash}`,
      ...manifest.reference_lists.map(({ id, hash, as_of }) => `${id.padEnd(15)}${hash}  as of ${as_of}`),
    ].join('\n'),
  );
  if (options.scheme === 'merkle-blake3.v3')
    io.err('Whoever gets the manifest sees how many suppliers and UBOs there are. --scheme kzg-columns hides it.\n');
}

/** The reference lists that the policy's rules are about. */
function listsOf({ requirements }: CompiledPolicy): Set<string> {
  const ids = requirements.map(({ need }) => {
    if (need.kind === 'disjoint') return need.reference_list;
    return need.kind === 'rows_allowed' && 'exclude_risk' in need.table ? 'jurisdictions' : null;
  });
  return new Set(ids.filter((id) => id !== null));
}
