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
} from '@cap/proof';
import { type CheckList } from './report/check-list.js';

/** What _meta.json says; units in dependency order, empty if they can't be used. */
export interface JudgedMeta {
  meta: BundleMeta | null;
  units: ProofUnit[];
}

/** meta.schema, meta.units */
export function checkMeta(bundle: Bundle, checks: CheckList): JudgedMeta {
  const meta = attempt(
    () => parseMeta(parseJson(bundle.files.get(META_FILE)!, META_FILE)),
    (why) => checks.fail('meta.schema', { expected: META_SCHEMA, actual: why }),
  );
  if (!meta) {
    checkGeneration(bundle.meta, checks);
    return { meta: null, units: [] };
  }
  checks.ok('meta.schema', { expected: META_SCHEMA, actual: META_SCHEMA });
  const units = attempt(
    () => orderUnits(meta),
    (why) => checks.fail('meta.units', { actual: why }),
  );
  if (!units) return { meta, units: [] };
  const idle = idleFile(meta, units);
  if (idle !== undefined) {
    checks.fail('meta.units', { expected: 'a proof unit for every manifest and proof', actual: `${idle}: none` });
    return { meta, units: [] };
  }
  checks.ok('meta.units', { actual: units.map(({ id }) => id).join(', ') });
  const signers = new Set(units.map(({ statement }) => statement.signer));
  if (signers.size > 1)
    checks.fail('meta.units', {
      expected: 'one signer in all statements',
      actual: units.map(({ id, statement }) => `${id}: ${kidOfText(statement.signer)}`).join('; '),
    });
  return { meta, units };
}

/** A manifest or proof that no unit is about: nobody would judge it, and whoever opens the zip would read it. */
const idleFile = ({ files }: BundleMeta, units: readonly ProofUnit[]): string | undefined =>
  Object.entries(files).find(
    ([name, { role }]) =>
      (role === 'manifest' && !units.some(({ manifest_file }) => manifest_file === name)) ||
      (role === 'proof' && !units.some(({ proof_file }) => proof_file === name)),
  )?.[0];

/** legacy.format, of a bundle of neither the current nor a known older generation. */
function checkGeneration(meta: JsonValue, checks: CheckList): void {
  const schema = meta !== null && typeof meta === 'object' && !Array.isArray(meta) ? meta.schema : undefined;
  if (schema === META_SCHEMA) return;
  const actual = typeof schema === 'string' ? schema : 'no schema';
  checks.fail('legacy.format', { expected: `${META_SCHEMA} or ${LEGACY_META_SCHEMA}`, actual });
}

/** The value, or null after telling why a part of the bundle is malformed. Anything but a CapError is a fault of ours and goes on. */
export function attempt<T>(read: () => T, failed: (why: string) => void): T | null {
  try {
    return read();
  } catch (error) {
    if (!isCapError(error)) throw error;
    failed(error.message);
    return null;
  }
}
