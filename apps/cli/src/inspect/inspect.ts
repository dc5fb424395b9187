import { CapError } from '@cap/crypto';
import { mainFiles, parseManifest, Project, readBundle, type Manifest } from '@cap/proof';
import { exists, isDirectory, readInput } from '../frame/input.js';
import { printResult, type CliIo } from '../frame/io.js';
import { exposureOf, type Exposure, type ListExposure } from './exposure.js';

/** Says what a bundle, or the project that will become one, shows to whoever gets it. */
export async function inspect(io: CliIo, options: { json?: boolean }, name: string): Promise<void> {
  const project = name !== '-' && (await isDirectory(name)) && !(await exists(`${name}/proof.dat`));
  const { manifest, proof, others } = project ? await fromProject(name) : await fromBundle(io, name);
  const exposure = exposureOf(manifest, proof);
  printResult(io, options, { ...exposure, other_files: others }, () => describe(exposure, others));
}

async function fromProject(directory: string) {
  const project = await Project.open(directory);
  const { manifest } = await project.manifest();
  const proof = (await exists(project.file('proof.json'))) ? (await project.proof()).bytes : null;
  return { manifest, proof, others: [] as string[] };
}

async function fromBundle(
  io: CliIo,
  file: string,
): Promise<{ manifest: Manifest; proof: Buffer | null; others: string[] }> {
  const { files, meta, generation } = await readBundle(file === '-' ? await readInput(io, file) : file);
  if (generation === 'legacy')
    throw new CapError(
      'input',
      'legacy.format',
      `${file} was written by the older program; cap verify says what it is worth`,
    );
  const names = mainFiles(meta);
  const manifest = files.get(names.manifest);
  if (manifest === undefined) throw new CapError('input', 'manifest.schema', `${file}: there is no ${names.manifest}`);
  const main = new Set<string>(Object.values(names));
  return {
    manifest: parseManifest(manifest),
    proof: files.get(names.proof) ?? null,
    others: [...files.keys()].filter((name) => !main.has(name)),
  };
}

function describe({ company, policy, reference_lists, backend, lists }: Exposure, others: readonly string[]): string {
  const lines = [
    `Company          ${company.name ?? company.lei ?? 'not named'}`,
    `Policy           ${policy.id}@${policy.version}  ${policy.hash}`,
    ...reference_lists.map(({ id, as_of, hash }) => `Reference list   ${id} as of ${as_of}  ${hash}`),
    `Proof            ${backend ?? 'none yet'}`,
    '',
    ...lists.flatMap(describeList),
  ];
  if (others.length > 0) lines.push('', `Other files: ${others.join(', ')}`);
  return lines.join('\n');
}

function describeList({ list, count, opened_rows, opened_fields, hidden_fields }: ListExposure): string[] {
  const shown = Object.entries(opened_fields).map(([name, rows]) => `${name} of ${rows} rows`);
  const hidden = Object.keys(hidden_fields).filter((name) => !(name in opened_fields));
  return [
    `${list}: ${count === null ? 'hides how many rows there are' : `shows that there are ${count} rows`}${opened_rows === 0 ? ', and nothing of any row' : `; opens ${opened_rows} of them`}`,
    ...(shown.length > 0 ? [`  opened: ${shown.join(', ')}`] : []),
    ...(hidden.length > 0 ? [`  hidden in the opened rows: ${hidden.join(', ')}`] : []),
  ];
}
