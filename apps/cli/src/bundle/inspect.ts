import { isCapError } from '@cap/core';
import { comparison } from '@cap/lists';
import { mainFiles } from '@cap/verify';
import { parseManifest, readBundle, type Bundle } from '@cap/proof';
import { readInput } from '../frame/input.js';
import { printResult, table, type CliIo } from '../frame/io.js';
import { printable, printableIn } from '../frame/printable.js';
import { requireOneStdin } from '../verify/one-stdin.js';
import { readTrust } from '../trust/read-trust.js';
import { provenanceOf, provenanceRows } from './provenance.js';

/** What is in a bundle, without judging any of it. */
export async function inspect(io: CliIo, options: { trust?: string; json?: boolean }, file: string): Promise<void> {
  requireOneStdin([
    ['the bundle', file],
    ['--trust', options.trust],
  ]);
  const trust = options.trust === undefined ? null : await readTrust(io, options.trust);
  const bundle = await readBundle(file === '-' ? await readInput(io, file) : file);
  const files = [...bundle.files].map(([name, bytes]) => ({ name, size: bytes.length }));
  const { bundleId: bundle_id, generation, meta } = bundle;
  const provenance = provenanceOf(bundle, trust);
  const { signers, statements } = provenance;
  const compared = comparisons(bundle);
  printResult(io, options, { bundle_id, generation, signers, statements, compared, files, meta }, () =>
    [
      `bundle_id   ${bundle_id ?? 'none: not a zip'}`,
      `generation  ${generation}`,
      ...provenanceRows(printableIn(provenance)).map(([title, value]) => `${title.toLowerCase().padEnd(10)}  ${value}`),
      ...compared.map(({ list, compared_by }) => `${list.padEnd(10)}  compared by ${compared_by}`),
      '',
      table(
        ['size', 'file'],
        files.map(({ name, size }) => [String(size), printable(name)]),
      ),
    ].join('\n'),
  );
}

/** By what the rows of each list are compared, as the manifest says; nothing where there is none to be read. */
function comparisons({ files, meta, generation }: Bundle): { list: string; compared_by: string }[] {
  const bytes = generation === 'legacy' ? undefined : files.get(mainFiles(meta).manifest);
  if (bytes === undefined) return [];
  try {
    const schemes = new Map(parseManifest(bytes).commitments.map(({ list, id_scheme }) => [list, id_scheme]));
    return [...schemes].map(([list, scheme]) => ({ list, compared_by: comparison(scheme) }));
  } catch (error) {
    if (!isCapError(error)) throw error;
    return []; // verify says what is wrong with it
  }
}
