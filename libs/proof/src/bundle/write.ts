import { CapError, jcs, parseJson } from '@cap/core';
import { blake3Text, digestText, sha3Text, signEnvelope, type Digest } from '@cap/crypto';
import { requireUsage, type SigningKey } from '@cap/crypto/key-files';
import type { Statement } from '../statement/statement.js';
import { backendById } from '../backends/index.js';
import { decodeContainer } from '../container/container.js';
import { parseManifest } from '../manifest/manifest.js';
import { META_FILE, SIGNATURES_FILE } from './bundle.js';
import { META_SCHEMA, orderUnits, parseMeta, type BundleMeta, type FileRole, type ProofUnit } from './meta.js';
import { writeZip } from './zip-writer.js';

/** payloadType of signatures.json. */
export const META_PAYLOAD_TYPE = 'application/vnd.cap.bundle-meta.v2+json';

/** A key with its record must have the usage `bundle`. */
export type BundleSigner = Pick<SigningKey, 'kid' | 'privateKey' | 'publicKey'> & Partial<Pick<SigningKey, 'record'>>;

/** The parts of a bundle with one proof. */
export interface BundleParts {
  /** Free text. */
  label: string;
  /** RFC 3339 UTC. */
  createdAt: string;
  manifest: Uint8Array;
  /** proof.capz, and the statement it was made for. */
  proof: Uint8Array;
  statement: Statement;
  /** A copy of the policy, for display. */
  policy?: Uint8Array;
  /** A copy of the disclosure, for display. */
  disclosure?: Uint8Array;
  /** Reference lists by file name, e.g. `sanctions.csv`. */
  references?: Readonly<Record<string, Uint8Array>>;
  readme?: string;
  signers: readonly BundleSigner[];
  /** Time of the zip's entries in seconds since 1970 (SOURCE_DATE_EPOCH); createdAt unless given. */
  sourceDateEpoch?: number;
}

export interface WrittenBundle {
  bytes: Buffer;
  bundleId: Digest;
  meta: BundleMeta;
}

/** A file and what it is for. */
export interface RoledFile {
  name: string;
  role: FileRole;
  bytes: Uint8Array;
}

const CONTENT_TYPES: Record<FileRole, string> = {
  manifest: 'application/json',
  proof: 'application/octet-stream',
  policy: 'application/json',
  disclosure: 'application/json',
  reference: 'text/csv',
  readme: 'text/plain',
};

/**
 * Writes a bundle; equal parts give equal bytes. Throws CapError `input` for a manifest, proof or label that has no
 * valid form. What the proof proves is not looked at.
 */
export function writeBundle(parts: BundleParts): WrittenBundle {
  const manifest = parseManifest(parts.manifest);
  const { backendId, vkHash } = decodeContainer(parts.proof);
  const backend = backendById(backendId);
  if (!backend) throw new CapError('proof.unsupported', `proof: unknown backend ${backendId}`);
  const files: RoledFile[] = [
    { name: 'manifest.json', role: 'manifest', bytes: parts.manifest },
    { name: 'proof.capz', role: 'proof', bytes: parts.proof },
  ];
  if (parts.policy) files.push({ name: 'policy.json', role: 'policy', bytes: parts.policy });
  if (parts.disclosure) files.push({ name: 'disclosure.json', role: 'disclosure', bytes: parts.disclosure });
  for (const [name, bytes] of Object.entries(parts.references ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)))
    files.push({ name: `reference/${name}`, role: 'reference', bytes });
  if (parts.readme !== undefined)
    files.push({ name: 'README.txt', role: 'readme', bytes: Buffer.from(parts.readme, 'utf8') });
  const unit: ProofUnit = {
    id: 'main',
    manifest_file: 'manifest.json',
    proof_file: 'proof.capz',
    policy_hash: manifest.policy.hash,
    backend: backend.name,
    vk_hash: digestText(vkHash),
    statement: parts.statement,
    depends_on: [],
  };
  return packBundle({ ...parts, files, units: [unit] });
}

/**
 * The general form, for several proof units: _meta.json, the files in the given order, signatures.json. Everything that is
 * signed is complete before signing. Throws CapError `key.forbidden` for a signer whose key is not for bundles.
 */
export function packBundle(parts: {
  label: string;
  createdAt: string;
  files: readonly RoledFile[];
  units: readonly ProofUnit[];
  signers: readonly BundleSigner[];
  sourceDateEpoch?: number;
}): WrittenBundle {
  for (const { record } of parts.signers) if (record) requireUsage(record, 'bundle');
  const metaBytes = jcs({
    schema: META_SCHEMA,
    label: parts.label,
    created_at: parts.createdAt,
    files: Object.fromEntries(
      parts.files.map(({ name, role, bytes }) => [
        name,
        { role, hash: sha3Text(bytes), size: bytes.length, content_type: CONTENT_TYPES[role] },
      ]),
    ),
    proof_units: parts.units,
  });
  const meta = parseMeta(parseJson(metaBytes, META_FILE));
  orderUnits(meta);
  const envelope = signEnvelope(META_PAYLOAD_TYPE, metaBytes, parts.signers);
  const modified =
    parts.sourceDateEpoch === undefined ? new Date(parts.createdAt) : new Date(parts.sourceDateEpoch * 1_000);
  const bytes = writeZip(
    [{ name: META_FILE, bytes: metaBytes }, ...parts.files, { name: SIGNATURES_FILE, bytes: jcs(envelope) }],
    modified,
  );
  return { bytes, bundleId: blake3Text(bytes), meta };
}
