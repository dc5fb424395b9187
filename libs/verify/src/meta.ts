import { isCapError, parseJson, type JsonValue } from '@cap/core';
import { kidOfText } from '@cap/crypto';
import {
  META_FILE,
  type Bundle,
  LEGACY_META_SCHEMA,
  META_SCHEMA,
  orderUnits,
  parseMeta,
  type BundleMeta,
  type ProofUnit,
} from '@cap/proof/bundle';
import { type CheckResult, fail, type Finding, ok } from './report/findings.js';

/** What _meta.json says; units in dependency order, empty if they can't be used. */
interface CheckedMeta {
  meta: BundleMeta | null;
  units: ProofUnit[];
}

/** meta.schema, meta.units */
export function checkMeta(bundle: Bundle): CheckResult<CheckedMeta> {
  const read = attempt(() => parseMeta(parseJson(bundle.files.get(META_FILE)!, META_FILE)));
  if ('fault' in read)
    return {
      value: { meta: null, units: [] },
      findings: [
        fail('meta.schema', { expected: META_SCHEMA, actual: read.fault }),
        ...generationFindings(bundle.meta),
      ],
    };
  const meta = read.value;
  const schema = ok('meta.schema', { expected: META_SCHEMA, actual: META_SCHEMA });
  const { value: units, findings } = checkUnits(meta);
  return { value: { meta, units }, findings: [schema, ...findings] };
}

/** meta.units: in dependency order; none if they can't be used. */
function checkUnits(meta: BundleMeta): CheckResult<ProofUnit[]> {
  const ordered = attempt(() => orderUnits(meta));
  if ('fault' in ordered) return { value: [], findings: [fail('meta.units', { actual: ordered.fault })] };
  const units = ordered.value;
  const idle = idleFile(meta, units);
  if (idle !== undefined) {
    const expected = 'a proof unit for every manifest and proof';
    return { value: [], findings: [fail('meta.units', { expected, actual: `${idle}: none` })] };
  }
  const signers = new Set(units.map(({ statement }) => statement.signer));
  const found =
    signers.size > 1
      ? fail('meta.units', {
          expected: 'one signer in all statements',
          actual: units.map(({ id, statement }) => `${id}: ${kidOfText(statement.signer)}`).join('; '),
        })
      : ok('meta.units', { actual: units.map(({ id }) => id).join(', ') });
  return { value: units, findings: [found] };
}

/** A manifest or proof that no unit is about: nothing would verify it, but whoever opens the zip would read it. */
const idleFile = ({ files }: BundleMeta, units: readonly ProofUnit[]): string | undefined =>
  Object.entries(files).find(
    ([name, { role }]) =>
      (role === 'manifest' && !units.some(({ manifest_file }) => manifest_file === name)) ||
      (role === 'proof' && !units.some(({ proof_file }) => proof_file === name)),
  )?.[0];

/** legacy.format, of a bundle of neither the current nor a known older generation. */
function generationFindings(meta: JsonValue): Finding[] {
  const schema = meta !== null && typeof meta === 'object' && !Array.isArray(meta) ? meta.schema : undefined;
  if (schema === META_SCHEMA) return [];
  const actual = typeof schema === 'string' ? schema : 'no schema';
  return [fail('legacy.format', { expected: `${META_SCHEMA} or ${LEGACY_META_SCHEMA}`, actual })];
}

/** What was read, or why a part of the bundle is malformed. Anything but a CapError is a fault of ours and goes on. */
export function attempt<T>(read: () => T): { value: T } | { fault: string } {
  try {
    return { value: read() };
  } catch (error) {
    if (!isCapError(error)) throw error;
    return { fault: error.message };
  }
}
