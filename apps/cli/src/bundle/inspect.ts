import { readBundle } from '@cap/proof';
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
  printResult(io, options, { bundle_id, generation, signers, statements, files, meta }, () =>
    [
      `bundle_id   ${bundle_id ?? 'none: not a zip'}`,
      `generation  ${generation}`,
      ...provenanceRows(printableIn(provenance)).map(([title, value]) => `${title.toLowerCase().padEnd(10)}  ${value}`),
      '',
      table(
        ['size', 'file'],
        files.map(({ name, size }) => [String(size), printable(name)]),
      ),
    ].join('\n'),
  );
}
