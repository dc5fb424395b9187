import { isCapError } from '@cap/core';
import { comparison } from '@cap/lists';
import { mainFiles } from '@cap/verify';
import { parseManifest, readBundle, type Bundle } from '@cap/proof';
import { assertOneStdin, readInput } from '../input.js';
import { printResult, table } from '../io.js';
import { printable, printableIn } from '../printable.js';
import { readTrust } from '../trust/trust-file.js';
import { verb } from '../verb.js';
import { provenanceOf, provenanceRows } from './provenance.js';

export default verb({
  examples: ['cap bundle inspect bundle.zip --json', 'cap bundle inspect bundle.zip --trust trust.json'],
  syntax: (command) =>
    command
      .argument('<file>')
      .option('--trust <file>', 'trust.json: names the owners of the keys, without checking a signature'),
  run: async (io, options, file) => {
    assertOneStdin([
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
        ...provenanceRows(printableIn(provenance), 'en').map(
          ([title, value]) => `${title.toLowerCase().padEnd(10)}  ${value}`,
        ),
        ...compared.map(({ list, compared_by }) => `${list.padEnd(10)}  compared by ${compared_by}`),
        '',
        table(
          ['size', 'file'],
          files.map(({ name, size }) => [String(size), printable(name)]),
        ),
      ].join('\n'),
    );
  },
});

/** What the rows of each list are compared by, according to the manifest; empty if it can't be read. */
function comparisons({ files, meta, generation }: Bundle): { list: string; compared_by: string }[] {
  const bytes = generation === 'legacy' ? undefined : files.get(mainFiles(meta).manifest);
  if (bytes === undefined) return [];
  try {
    const schemes = new Map(parseManifest(bytes).commitments.map(({ list, id_scheme }) => [list, id_scheme]));
    return [...schemes].map(([list, scheme]) => ({ list, compared_by: comparison(scheme) }));
  } catch (error) {
    if (!isCapError(error)) throw error;
    return []; // cap verify says what is wrong with it
  }
}
