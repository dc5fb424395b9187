import { isCapError } from '@cap/core';
import { comparison, type IdScheme } from '@cap/lists';
import { mainFiles } from '@cap/verify';
import { parseManifest } from '@cap/proof/manifest';
import { readBundle, type Bundle } from '@cap/proof/bundle';
import { assertOneStdin, readInput } from '../input.js';
import { printResult, table } from '../io.js';
import { LANGUAGE } from '../options.js';
import { printable, printableIn } from '../printable.js';
import { readTrust } from '../trust/trust-file.js';
import { verb } from '../verb.js';
import { provenanceOf, provenanceRows } from './provenance.js';

export default verb({
  examples: ['cap bundle inspect bundle.zip --json', 'cap bundle inspect bundle.zip --trust trust.json --lang de'],
  syntax: (command) =>
    command
      .argument('<file>')
      .option('--trust <file>', 'trust.json: names the owners of the keys, without checking a signature')
      .addOption(LANGUAGE),
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
    const schemes = idSchemes(bundle);
    const compared = schemes.map(([list, scheme]) => ({ list, compared_by: comparison(scheme) }));
    const words = WORDS[options.lang];
    const row = (title: string, value: string): string => `${title.padEnd(words.width)}  ${value}`;
    printResult(io, options, { bundle_id, generation, signers, statements, compared, files, meta }, () =>
      [
        row(words.bundleId, bundle_id ?? words.notZip),
        row(words.generation, generation),
        ...provenanceRows(printableIn(provenance), options.lang).map(([title, value]) =>
          row(words.title(title), value),
        ),
        ...schemes.map(([list, scheme]) => row(list, `${words.comparedBy} ${comparison(scheme, options.lang)}`)),
        '',
        table(
          [words.size, words.file],
          files.map(({ name, size }) => [String(size), printable(name)]),
        ),
      ].join('\n'),
    );
  },
});

const WORDS = {
  en: {
    width: 10,
    title: (text: string) => text.toLowerCase(),
    bundleId: 'bundle_id',
    notZip: 'none: not a zip',
    generation: 'generation',
    comparedBy: 'compared by',
    size: 'size',
    file: 'file',
  },
  de: {
    width: 14,
    title: (text: string) => text,
    bundleId: 'bundle_id',
    notZip: 'keine: kein Zip',
    generation: 'Generation',
    comparedBy: 'verglichen nach',
    size: 'Größe',
    file: 'Datei',
  },
} as const;

/** What the rows of each list are compared by, according to the manifest; empty if it can't be read. */
function idSchemes({ files, meta, generation }: Bundle): [list: string, scheme: IdScheme][] {
  const bytes = generation === 'legacy' ? undefined : files.get(mainFiles(meta).manifest);
  if (bytes === undefined) return [];
  try {
    return [...new Map(parseManifest(bytes).commitments.map(({ list, id_scheme }) => [list, id_scheme]))];
  } catch (error) {
    if (!isCapError(error)) throw error;
    return []; // cap verify says what is wrong with it
  }
}
