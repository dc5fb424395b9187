import { CapError } from '@cap/core';
import { mainFiles, type TrustStore } from '@cap/verify';
import { parseManifest, readBundle, type Manifest } from '@cap/proof';
import { Project } from '@cap/prover';
import { exists, isDirectory, readInput } from '../frame/input.js';
import { printResult, type CliIo } from '../frame/io.js';
import { printableIn } from '../frame/printable.js';
import { provenanceOf, provenanceRows, statedSigner, type Provenance } from '../bundle/provenance.js';
import { requireOneStdin } from '../verify/one-stdin.js';
import { readTrust } from '../trust/read-trust.js';
import { exposureOf, type Exposure, type ListExposure } from './exposure.js';

/** Says what a bundle, or the project that will become one, shows to whoever gets it. */
export async function inspect(io: CliIo, options: { trust?: string; json?: boolean }, name: string): Promise<void> {
  requireOneStdin([
    ['the bundle', name],
    ['--trust', options.trust],
  ]);
  const trust = options.trust === undefined ? null : await readTrust(io, options.trust);
  const project = name !== '-' && (await isDirectory(name)) && !(await exists(`${name}/proof.dat`));
  const { manifest, proof, others, provenance } = project
    ? await fromProject(name, trust)
    : await fromBundle(io, name, trust);
  const exposure = exposureOf(manifest, proof);
  printResult(io, options, { ...exposure, ...provenance, other_files: others }, () =>
    describe(printableIn(exposure), printableIn(provenance), printableIn(others)),
  );
}

const UNSAID = { audience: null, nonce: null, expires_at: null };

interface Inspected {
  manifest: Manifest;
  proof: Buffer | null;
  others: string[];
  provenance: Provenance;
}

async function fromProject(directory: string, trust: TrustStore | null): Promise<Inspected> {
  const project = await Project.open(directory);
  const { manifest } = await project.manifest();
  const proof = (await exists(project.file('proof.json'))) ? await project.proof() : null;
  const statements =
    proof === null
      ? []
      : [
          {
            ...{ unit: null, ...UNSAID, ...proof.record.statement },
            signer: statedSigner(proof.record.statement.signer, trust),
          },
        ];
  // It gets its label and signature when it is packed.
  const provenance: Provenance = { label: null, created_at: null, signers: [], statements };
  return { manifest, proof: proof?.bytes ?? null, others: [], provenance };
}

async function fromBundle(io: CliIo, file: string, trust: TrustStore | null): Promise<Inspected> {
  const bundle = await readBundle(file === '-' ? await readInput(io, file) : file);
  const { files, meta, generation } = bundle;
  if (generation === 'legacy')
    throw new CapError('legacy.format', `${file} was written by the older program; cap verify says what it is worth`);
  const names = mainFiles(meta);
  const manifest = files.get(names.manifest);
  if (manifest === undefined) throw new CapError('manifest.schema', `${file}: there is no ${names.manifest}`);
  const main = new Set<string>(Object.values(names));
  return {
    manifest: parseManifest(manifest),
    proof: files.get(names.proof) ?? null,
    others: [...files.keys()].filter((name) => !main.has(name)),
    provenance: provenanceOf(bundle, trust),
  };
}

function describe(
  { company, policy, reference_lists, backend, lists }: Exposure,
  provenance: Provenance,
  others: readonly string[],
): string {
  const lines = [
    `Company          ${company.name ?? company.lei ?? 'not named'}`,
    `Policy           ${policy.id}@${policy.version}  ${policy.hash}`,
    ...reference_lists.map(({ id, as_of, hash }) => `Reference list   ${id} as of ${as_of}  ${hash}`),
    `Proof            ${backend ?? 'none yet'}`,
    ...provenanceRows(provenance).map(([title, value]) => `${title.padEnd(16)} ${value}`),
    '',
    ...lists.flatMap(describeList),
  ];
  if (others.length > 0) lines.push('', `Other files: ${others.join(', ')}`);
  return lines.join('\n');
}

function describeList(exposure: ListExposure): string[] {
  const { list, compared_by, opened_rows, opened_fields, hidden_fields } = exposure;
  const shown = Object.entries(opened_fields).map(([name, rows]) => `${name} of ${rows} rows`);
  const hidden = Object.keys(hidden_fields).filter((name) => !(name in opened_fields));
  return [
    `${list}: ${describeCount(exposure)}${opened_rows === 0 ? ', and nothing of any row' : `; opens ${opened_rows} of them`}`,
    ...(compared_by === null ? [] : [`  compared by ${compared_by}`]),
    ...(shown.length > 0 ? [`  opened: ${shown.join(', ')}`] : []),
    ...(hidden.length > 0 ? [`  hidden in the opened rows: ${hidden.join(', ')}`] : []),
  ];
}

function describeCount({ count, count_between }: ListExposure): string {
  if (count !== null) return `shows that there are ${count} rows`;
  if (count_between === null) return 'shows no number of rows';
  const [least, most] = count_between;
  return `hides how many rows there are between ${least} and ${most}`;
}
