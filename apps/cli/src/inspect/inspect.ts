import { CapError } from '@cap/core';
import { comparison, type Language } from '@cap/lists';
import { mainFiles } from '@cap/verify';
import type { TrustStore } from '@cap/verify/trust';
import { parseManifest, type Manifest } from '@cap/proof/manifest';
import { readBundle } from '@cap/proof/bundle';
import { Project } from '@cap/prover';
import { provenanceOf, provenanceRows, statedSigner, type Provenance } from '../bundle/provenance.js';
import { assertOneStdin, exists, isDirectory, readInput } from '../input.js';
import { printResult, type CliIo } from '../io.js';
import { LANGUAGE } from '../options.js';
import { printableIn } from '../printable.js';
import { readTrust } from '../trust/trust-file.js';
import { verb } from '../verb.js';
import { exposureOf, type Exposure, type ListExposure } from './exposure.js';

export default verb({
  examples: ['cap inspect bundle.zip', 'cap inspect project --json', 'cap inspect bundle.zip --lang de'],
  syntax: (command) =>
    command
      .argument('<bundle-or-project>')
      .option('--trust <file>', 'trust.json: names the owners of the keys, without checking a signature')
      .addOption(LANGUAGE),
  run: async (io, options, name) => {
    assertOneStdin([
      ['the bundle', name],
      ['--trust', options.trust],
    ]);
    const trust = options.trust === undefined ? null : await readTrust(io, options.trust);
    const isProject = name !== '-' && (await isDirectory(name)) && !(await exists(`${name}/proof.dat`));
    const { manifest, proof, otherFiles, provenance } = isProject
      ? await fromProject(name, trust)
      : await fromBundle(io, name, trust);
    const exposure = exposureOf(manifest, proof);
    printResult(io, options, { ...exposure, ...provenance, other_files: otherFiles }, () =>
      describe(printableIn(exposure), printableIn(provenance), printableIn(otherFiles), options.lang),
    );
  },
});

interface Inspected {
  manifest: Manifest;
  proof: Buffer | null;
  otherFiles: string[];
  provenance: Provenance;
}

async function fromProject(directory: string, trust: TrustStore | null): Promise<Inspected> {
  const project = await Project.open(directory);
  const { manifest } = await project.manifest();
  // Label and signature are added when it is packed.
  const unsigned = { label: null, created_at: null, signers: [] };
  if (!(await exists(project.file('proof.json'))))
    return { manifest, proof: null, otherFiles: [], provenance: { ...unsigned, statements: [] } };
  const { bytes, record } = await project.proof();
  const { audience = null, nonce = null, issued_at, expires_at = null } = record.statement;
  const signer = statedSigner(record.statement.signer, trust);
  const statements = [{ unit: null, signer, audience, nonce, issued_at, expires_at }];
  return { manifest, proof: bytes, otherFiles: [], provenance: { ...unsigned, statements } };
}

async function fromBundle(io: CliIo, file: string, trust: TrustStore | null): Promise<Inspected> {
  const bundle = await readBundle(file === '-' ? await readInput(io, file) : file);
  const { files, meta, generation } = bundle;
  if (generation === 'legacy')
    throw new CapError('legacy.format', `${file} was written by the older program; cap verify says what it is worth`);
  const names = mainFiles(meta);
  const manifest = files.get(names.manifest);
  if (manifest === undefined) throw new CapError('manifest.schema', `${file}: ${names.manifest} is missing`);
  const main = new Set<string>(Object.values(names));
  return {
    manifest: parseManifest(manifest),
    proof: files.get(names.proof) ?? null,
    otherFiles: [...files.keys()].filter((name) => !main.has(name)),
    provenance: provenanceOf(bundle, trust),
  };
}

const WORDS = {
  en: {
    company: 'Company',
    unnamed: 'not named',
    policy: 'Policy',
    referenceList: 'Reference list',
    asOf: 'as of',
    proof: 'Proof',
    noProof: 'none yet',
    otherFiles: 'Other files',
    count: 'shows that there are {count} rows',
    range: 'shows only that there are between {min} and {max} rows',
    hidden: 'does not show how many rows there are',
    opensNone: 'opens no rows',
    opens: 'opens {rows} rows',
    comparedBy: 'compared by',
    opened: 'opened',
    openedField: '{name} of {rows} rows',
    hiddenFields: 'hidden in the opened rows',
  },
  de: {
    company: 'Unternehmen',
    unnamed: 'nicht genannt',
    policy: 'Richtlinie',
    referenceList: 'Referenzliste',
    asOf: 'Stand',
    proof: 'Beweis',
    noProof: 'noch keiner',
    otherFiles: 'Weitere Dateien',
    count: 'zeigt, dass es {count} Zeilen sind',
    range: 'zeigt nur, dass es zwischen {min} und {max} Zeilen sind',
    hidden: 'zeigt nicht, wie viele Zeilen es sind',
    opensNone: 'öffnet keine Zeile',
    opens: 'öffnet {rows} Zeilen',
    comparedBy: 'verglichen nach',
    opened: 'geöffnet',
    openedField: '{name} von {rows} Zeilen',
    hiddenFields: 'in den geöffneten Zeilen verborgen',
  },
} as const;

const fill = (template: string, values: Record<string, string | number>): string =>
  template.replaceAll(/\{(\w+)\}/g, (_, name: string) => String(values[name]));

function describe(
  { company, policy, reference_lists, backend, lists }: Exposure,
  provenance: Provenance,
  otherFiles: readonly string[],
  language: Language,
): string {
  const words = WORDS[language];
  const rows: [title: string, value: string][] = [
    [words.company, company.name ?? company.lei ?? words.unnamed],
    [words.policy, `${policy.id}@${policy.version}  ${policy.hash}`],
    ...reference_lists.map(({ id, as_of, hash }): [string, string] => [
      words.referenceList,
      `${id} ${words.asOf} ${as_of}  ${hash}`,
    ]),
    [words.proof, backend ?? words.noProof],
    ...provenanceRows(provenance, language),
  ];
  return [
    ...rows.map(([title, value]) => `${title.padEnd(16)} ${value}`),
    '',
    ...lists.flatMap((list) => describeList(list, language)),
    ...(otherFiles.length > 0 ? ['', `${words.otherFiles}: ${otherFiles.join(', ')}`] : []),
  ].join('\n');
}

function describeList(exposure: ListExposure, language: Language): string[] {
  const words = WORDS[language];
  const { list, id_scheme, opened_rows, opened_fields, hidden_fields } = exposure;
  const shown = Object.entries(opened_fields).map(([name, rows]) => fill(words.openedField, { name, rows }));
  const hidden = Object.keys(hidden_fields).filter((name) => !(name in opened_fields));
  const opened = opened_rows === 0 ? words.opensNone : fill(words.opens, { rows: opened_rows });
  return [
    `${list}: ${describeCount(exposure, language)}; ${opened}`,
    ...(id_scheme === null ? [] : [`  ${words.comparedBy} ${comparison(id_scheme, language)}`]),
    ...(shown.length > 0 ? [`  ${words.opened}: ${shown.join(', ')}`] : []),
    ...(hidden.length > 0 ? [`  ${words.hiddenFields}: ${hidden.join(', ')}`] : []),
  ];
}

function describeCount({ count, count_between }: ListExposure, language: Language): string {
  const words = WORDS[language];
  if (count !== null) return fill(words.count, { count });
  if (count_between === null) return words.hidden;
  const [min, max] = count_between;
  return fill(words.range, { min, max });
}
