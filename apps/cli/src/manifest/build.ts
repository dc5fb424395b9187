import { randomUUID } from 'node:crypto';
import { CapError } from '@cap/core';
import { rfc3339, type Digest } from '@cap/crypto';
import { type CompiledPolicy, coverageText } from '@cap/policy';
import { Project, type ReferenceListInput } from '@cap/prover';
import { inputName, readInput } from '../input.js';
import { printResult, type CliIo } from '../io.js';
import { commitmentScheme, datedFile, day, namedFile, type NamedFile } from '../options.js';
import { readPolicy } from '../policy/policy-file.js';
import { repeated } from '../repeated-options.js';
import { verb } from '../verb.js';

export default verb({
  examples: [
    'cap manifest build --project project --policy policy.json',
    'cap manifest build --project project --policy policy.yaml --sanctions sanctions.csv@2025-11-01 \\',
    '    --jurisdictions jurisdictions.csv@2025-10-01 --company "ACME GmbH"',
  ],
  syntax: (command) =>
    command
      .requiredOption('--project <dir>', 'project directory made by cap prepare')
      .requiredOption('--policy <file>', 'policy, JSON or YAML')
      .option('--sanctions <file[@day]>', 'sanctions list and the date it is as of (default: today)', datedFile)
      .option('--jurisdictions <file[@day]>', 'country risk levels and the day they are of (default: today)', datedFile)
      .option(
        '--list <id=file[@day]>',
        'another reference list, by the id that the policy uses; repeatable',
        repeated(namedFile),
      )
      .option(
        '--scheme <name>',
        'how both lists are committed to: kzg-columns (zero knowledge, reveals only a range for the number of rows) or ' +
          'merkle-blake3 (for the backend disclosure and rules about a share of rows) (default: kzg-columns)',
        commitmentScheme,
      )
      .option('--company <name>', 'company that the manifest names (default: none)')
      .option('--lei <lei>', 'its legal entity identifier')
      .option('--as-of <day>', "the day that the company's lists describe (default: today)", day),
  run: async (io, options) => {
    const project = await Project.open(options.project);
    const before = await manifestHash(project);
    const now = rfc3339(io.now());
    const today = now.slice(0, 10);
    const { sanctions, jurisdictions, list = [] } = options;
    const named = [
      ...(sanctions ? [{ id: 'sanctions', ...sanctions }] : []),
      ...(jurisdictions ? [{ id: 'jurisdictions', ...jurisdictions }] : []),
      ...list,
    ];
    try {
      const referenceLists = await readReferenceLists(io, named, today);
      const policy = await readPolicy(io, options.policy);
      for (const id of comparedLists(policy))
        if (!referenceLists.some((given) => given.id === id))
          io.err(`The policy compares rows with the list ${id}, which is not given: its rules can't be proven.\n`);
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
    } catch (error) {
      if (before !== null && (await manifestHash(project)) === before)
        io.err(`Nothing was built; the existing manifest, ${before}, is unchanged.\n`);
      throw error;
    }
    if (options.scheme === 'merkle-blake3.v3')
      io.err('The manifest reveals how many suppliers and UBOs there are. --scheme kzg-columns hides it.\n');
  },
});

/** Null if there is none that can be read. */
const manifestHash = (project: Project): Promise<Digest | null> =>
  project.manifest().then(
    ({ hash }) => hash,
    () => null,
  );

async function readReferenceLists(
  io: CliIo,
  named: readonly NamedFile[],
  today: string,
): Promise<ReferenceListInput[]> {
  const lists: ReferenceListInput[] = [];
  for (const { id, file, day: asOf } of named) {
    if (lists.some((list) => list.id === id))
      throw new CapError('option.contradiction', `the list ${id} is given twice`);
    if (asOf === undefined) io.err(`${id}: no day given (${file}@YYYY-MM-DD); assuming today, ${today}\n`);
    lists.push({ id, bytes: await readInput(io, file), file: inputName(file), asOf: asOf ?? today });
  }
  return lists;
}

/** The reference lists that the policy's rules are about. */
function comparedLists({ requirements }: CompiledPolicy): Set<string> {
  const ids = requirements.map(({ need }) => {
    if (need.kind === 'disjoint') return need.reference_list;
    return need.kind === 'rows_allowed' && 'exclude_risk' in need.table ? 'jurisdictions' : null;
  });
  return new Set(ids.filter((id) => id !== null));
}
