import { z } from 'zod';
import { CapError, digest, type JsonValue } from '@cap/core';
import { nameFault } from '@cap/proof/zip';
import { META_FILE, type Bundle, LEGACY_META_SCHEMA, orderUnits, type UnitFiles } from '@cap/proof/bundle';
import { type CheckResult, fail, ok, warn } from '../report/findings.js';
import { checkListed, unlistedFiles, type FileHashes } from '../files.js';
import { attempt } from '../meta.js';

/** Their proofs are read once for each file, and claim only. */
const MAX_UNITS = 64;
const text = z.string().max(1_000);

// Programs of that time added members as they liked: what is not read is not verified.
const metaSchema = z.object({
  schema: z.literal(LEGACY_META_SCHEMA),
  files: z.record(
    z.string(),
    z.object({ role: text, hash: digest, size: z.int().min(0).nullish().transform(orAbsent) }),
  ),
  proof_units: z
    .array(
      z.object({
        id: text.min(1),
        manifest_file: text,
        proof_file: text,
        policy_hash: text.nullish().transform(orAbsent),
        depends_on: z.array(text).max(MAX_UNITS).default([]),
      }),
    )
    .max(MAX_UNITS),
});

function orAbsent<T>(value: T | null | undefined): T | undefined {
  return value ?? undefined;
}

/** _meta.json, format cap-bundle.v1, as far as it is verified. */
type LegacyMeta = z.output<typeof metaSchema>;
export type LegacyUnit = UnitFiles & { policy_hash?: string | undefined };

/** Checks the shape of a cap-bundle.v1. Throws CapError `meta.schema` that names the member. */
export function parseLegacyMeta(value: JsonValue): LegacyMeta {
  const refuse = (why: string): never => {
    throw new CapError('meta.schema', `${META_FILE}: ${why}`);
  };
  const parsed = metaSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return refuse(`${issue!.path.join('.') || 'document'}: ${issue!.message}`);
  }
  for (const name of Object.keys(parsed.data.files)) {
    const fault = nameFault(name);
    if (fault) refuse(`files.${name}: ${fault}`);
  }
  return parsed.data;
}

/** What a bundle without a _meta.json holds. */
export const PAIR: LegacyUnit = { id: 'pair', manifest_file: 'manifest.json', proof_file: 'proof.dat', depends_on: [] };

/** meta.schema, meta.units, files.hash, files.unlisted; all skipped where there is no _meta.json. Units in dependency order. */
export function checkLegacyMeta(bundle: Bundle, hashOf: FileHashes): CheckResult<LegacyUnit[]> {
  if (bundle.meta === null) return { value: [PAIR], findings: [] };
  const read = attempt(() => parseLegacyMeta(bundle.meta));
  if ('fault' in read)
    return { value: [], findings: [fail('meta.schema', { expected: LEGACY_META_SCHEMA, actual: read.fault })] };
  const meta = read.value;
  const units = attempt(() => orderUnits(meta));
  // The older program itself left files out of its list, so one more of them proves nothing.
  const unlisted = unlistedFiles(bundle, meta.files, new Set([META_FILE]));
  return {
    value: 'value' in units ? units.value : [],
    findings: [
      ok('meta.schema', { expected: LEGACY_META_SCHEMA, actual: LEGACY_META_SCHEMA }),
      'fault' in units
        ? fail('meta.units', { actual: units.fault })
        : ok('meta.units', { actual: units.value.map(({ id }) => id).join(', ') }),
      checkListed(bundle, meta.files, hashOf),
      unlisted.length > 0 ? warn('files.unlisted', { actual: unlisted.join(', ') }) : ok('files.unlisted'),
    ],
  };
}
