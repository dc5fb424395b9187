import { type JsonValue } from '@cap/crypto';
import { readBundle } from '@cap/proof';
import { readInput } from '../frame/input.js';
import { printResult, table, type CliIo } from '../frame/io.js';

/** What is in a bundle, without judging any of it. */
export async function inspect(io: CliIo, options: { json?: boolean }, file: string): Promise<void> {
  const bundle = await readBundle(file === '-' ? await readInput(io, file) : file);
  const files = [...bundle.files].map(([name, bytes]) => ({ name, size: bytes.length }));
  const { bundleId: bundle_id, generation, meta } = bundle;
  printResult(io, options, { bundle_id, generation, files, meta }, () =>
    [
      `bundle_id   ${bundle_id ?? 'none: not a zip'}`,
      `generation  ${generation}`,
      `label       ${textMember(meta, 'label')}`,
      `created at  ${textMember(meta, 'created_at')}`,
      '',
      table(
        ['size', 'file'],
        files.map(({ name, size }) => [String(size), name]),
      ),
    ].join('\n'),
  );
}

const textMember = (value: JsonValue, name: string): string => {
  const member = typeof value === 'object' && value !== null && !Array.isArray(value) ? value[name] : undefined;
  return typeof member === 'string' ? member : '-';
};
