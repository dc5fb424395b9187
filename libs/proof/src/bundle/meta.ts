import { z } from 'zod';
import { CapError, type JsonValue, digest, instant } from '@cap/core';
import { isPublicKeyText, type Digest, type PublicKeyText } from '@cap/crypto';
import type { Statement } from '../statement/statement.js';
import { visibleText } from '../manifest/manifest.js';
import { UNLISTED_FILES } from './bundle.js';
import { nameFault } from './entry-name.js';

/**
 * What a file of a bundle is for, and how a file in that role is named. There is no role for programs. The copies have one
 * name each: whoever opens the zip reads policy.json as the policy, so nothing else may bear the name.
 */
const ROLE_NAMES = {
  manifest: /^(?!(policy|disclosure|openings)\.json$).*\.json$/i,
  proof: /\.capz$/,
  policy: /^policy\.json$/,
  disclosure: /^disclosure\.json$/,
  reference: /^reference\/[^/]+\.csv$/,
  readme: /^README\.txt$/,
} as const;
export type FileRole = keyof typeof ROLE_NAMES;

interface FileRecord {
  role: FileRole;
  /** SHA3-256 of the raw bytes. */
  hash: Digest;
  size: number;
  content_type: string;
}

export interface ProofUnit {
  id: string;
  manifest_file: string;
  proof_file: string;
  policy_hash: Digest;
  backend: string;
  vk_hash: Digest;
  statement: Statement;
  depends_on: string[];
}

/** What makes a unit in every generation of bundles. */
export type UnitFiles = Pick<ProofUnit, 'id' | 'manifest_file' | 'proof_file' | 'depends_on'>;

/** _meta.json, format cap-bundle.v3. */
export interface BundleMeta {
  schema: 'cap-bundle.v3';
  /** Free text, never a key. */
  label: string;
  created_at: string;
  files: Record<string, FileRecord>;
  proof_units: ProofUnit[];
}

export const META_SCHEMA = 'cap-bundle.v3';
export const LEGACY_META_SCHEMA = 'cap-bundle.v1';

/** One for each way of proving and each manifest. Each may be as much work as a proof can be, whatever the bundle's size. */
const MAX_UNITS = 8;

const text = visibleText.max(10_000);
/** A public key member of a JSON format. */
export const publicKeyMember = z.custom<PublicKeyText>(isPublicKeyText, 'expected 0x + 64 lowercase hex digits');
const roles = Object.keys(ROLE_NAMES) as [FileRole, ...FileRole[]];

const metaSchema = z.strictObject({
  schema: z.literal(META_SCHEMA),
  label: text,
  created_at: instant,
  files: z.record(
    z.string(),
    z.strictObject({ role: z.enum(roles), hash: digest, size: z.int().min(0), content_type: text }),
  ),
  proof_units: z
    .array(
      z.strictObject({
        id: text.min(1),
        manifest_file: text,
        proof_file: text,
        policy_hash: digest,
        backend: text,
        vk_hash: digest,
        statement: z.strictObject({
          signer: publicKeyMember,
          audience: text.optional(),
          nonce: text.optional(),
          issued_at: instant,
          expires_at: instant.optional(),
        }),
        depends_on: z.array(text).max(MAX_UNITS),
      }),
    )
    .max(MAX_UNITS),
});

const refuse = (why: string): never => {
  throw new CapError('meta.schema', `_meta.json: ${why}`);
};

/** Checks the shape of _meta.json. Throws CapError `meta.schema` that names the member. */
export function parseMeta(value: JsonValue): BundleMeta {
  const parsed = metaSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return refuse(`${issue!.path.join('.') || 'document'}: ${issue!.message}`);
  }
  for (const [name, { role }] of Object.entries(parsed.data.files)) {
    const fault = nameFault(name);
    if (fault) refuse(`files.${name}: ${fault}`);
    if (UNLISTED_FILES.has(name)) refuse(`files.${name}: this file is never listed`);
    if (!ROLE_NAMES[role].test(name))
      refuse(`files.${name}: a file in the role ${role} is named otherwise (${ROLE_NAMES[role].source})`);
  }
  return parsed.data;
}

/**
 * The units in dependency order: each after those it depends on, otherwise as listed. Throws CapError
 * `meta.units` for no unit at all, one id twice, a dependency that is unknown, named twice or part of a cycle, a file that
 * `files` does not list in that role, and a proof of two units: it is bound to one statement, and verified for each unit.
 */
export function orderUnits<U extends UnitFiles>(meta: {
  files: Readonly<Record<string, { role: string }>>;
  proof_units: readonly U[];
}): U[] {
  const fail = (why: string): never => {
    throw new CapError('meta.units', `_meta.json: ${why}`);
  };
  if (meta.proof_units.length === 0) fail('proof_units is empty');
  const waiting = new Map<string, U>();
  const unitOf = new Map<string, string>();
  for (const unit of meta.proof_units) {
    if (waiting.has(unit.id)) fail(`several proof units with the id ${unit.id}`);
    waiting.set(unit.id, unit);
    for (const [file, role] of [
      [unit.manifest_file, 'manifest'],
      [unit.proof_file, 'proof'],
    ] as const)
      if (!Object.hasOwn(meta.files, file) || meta.files[file]!.role !== role)
        fail(`proof unit ${unit.id}: files lists no ${role} named ${file}`);
    const other = unitOf.get(unit.proof_file);
    if (other !== undefined) fail(`the proof units ${other} and ${unit.id} share the proof ${unit.proof_file}`);
    unitOf.set(unit.proof_file, unit.id);
  }
  for (const { id, depends_on } of meta.proof_units)
    for (const [i, other] of depends_on.entries()) {
      if (!waiting.has(other)) fail(`proof unit ${id} depends on ${other}, which does not exist`);
      if (depends_on.indexOf(other) !== i) fail(`proof unit ${id} depends on ${other} twice`);
    }
  const ordered: U[] = [];
  while (waiting.size > 0) {
    const ready = [...waiting.values()].filter(({ depends_on }) => depends_on.every((other) => !waiting.has(other)));
    if (ready.length === 0) fail(`the proof units ${[...waiting.keys()].join(', ')} depend on each other in a circle`);
    for (const unit of ready) waiting.delete(unit.id);
    ordered.push(...ready);
  }
  return ordered;
}
