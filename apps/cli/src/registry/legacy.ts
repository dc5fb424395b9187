import { CapError, type JsonValue, parseJson } from '@cap/core';
import { type Digest, isDigest } from '@cap/crypto';

/** An entry of the older program's registry. */
export interface LegacyEntry {
  legacy_id: string;
  manifest_hash: Digest;
  proof_hash: Digest | null;
  policy_hash: Digest | null;
  /** RFC 3339 UTC, according to the older registry. */
  added_at: string | null;
}

/** Each of our members, the names it had, and how its value is parsed. */
const MEMBERS: Readonly<Record<keyof LegacyEntry, { names: readonly string[]; parse(text: string): string | null }>> = {
  legacy_id: { names: ['id', 'entry_id'], parse: (text) => (/^[\x21-\x7e]{1,200}$/.test(text) ? text : null) },
  manifest_hash: { names: ['manifest_hash'], parse: digestOf },
  proof_hash: { names: ['proof_hash'], parse: digestOf },
  policy_hash: { names: ['policy_hash'], parse: digestOf },
  added_at: { names: ['timestamp', 'added_at', 'registered_at', 'created_at'], parse: timeOf },
};
const REQUIRED: readonly (keyof LegacyEntry)[] = ['legacy_id', 'manifest_hash'];

type Row = Readonly<Record<string, JsonValue>>;

const fault = (place: string, why: string): CapError => new CapError('registry.legacy', `${place}: ${why}`);

/** Throws CapError registry.legacy that names the row and the member that can't be converted. */
export function parseLegacyRow(row: Row, place: string, leftOut: ReadonlySet<string>): LegacyEntry {
  const entry: Partial<Record<keyof LegacyEntry, string>> = {};
  for (const [name, value] of Object.entries(row)) {
    if (leftOut.has(name) || value === null || value === '') continue;
    const found = Object.entries(MEMBERS).find(([, { names }]) => names.includes(name));
    if (!found) throw fault(place, `${name} has no counterpart here; drop it with --leave-out ${name}`);
    const [member, { parse }] = found as [keyof LegacyEntry, (typeof MEMBERS)[keyof LegacyEntry]];
    const text = typeof value === 'number' ? String(value) : value;
    const parsed = typeof text === 'string' ? parse(text) : null;
    if (parsed === null) throw fault(place, `${name}: ${JSON.stringify(value).slice(0, 100)} can't be read`);
    if (entry[member] !== undefined && entry[member] !== parsed)
      throw fault(place, `${name} contradicts another member`);
    entry[member] = parsed;
  }
  for (const member of REQUIRED)
    if (entry[member] === undefined) throw fault(place, `${MEMBERS[member].names.join(' or ')} is missing`);
  const { legacy_id, manifest_hash, proof_hash, policy_hash, added_at } = entry as Partial<LegacyEntry>;
  return {
    legacy_id: legacy_id!,
    manifest_hash: manifest_hash!,
    proof_hash: proof_hash ?? null,
    policy_hash: policy_hash ?? null,
    added_at: added_at ?? null,
  };
}

function digestOf(text: string): Digest | null {
  const hex = text.replace(/^(0x|sha3-256:)/, '').toLowerCase();
  return isDigest(`0x${hex}`) ? `0x${hex}` : null;
}

/** Only with an offset, without which it names no moment. */
function timeOf(text: string): string | null {
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/.test(text)) return null;
  const moment = new Date(text);
  return Number.isNaN(moment.getTime()) ? null : moment.toISOString();
}

/** Rows of the JSON form: `{registry_version: "1.0", entries: [{…}]}`. */
export function jsonRows(bytes: Uint8Array, name: string): Row[] {
  const document = parseJson(bytes, name, Infinity); // a whole registry in one file
  if (document === null || typeof document !== 'object' || Array.isArray(document))
    throw fault(name, 'expected an object with registry_version and entries');
  if (document.registry_version !== '1.0')
    throw fault(name, `registry_version is ${JSON.stringify(document.registry_version)}, expected "1.0"`);
  if (!Array.isArray(document.entries)) throw fault(name, 'entries is not an array');
  return document.entries.map((entry, i) => {
    if (entry === null || typeof entry !== 'object' || Array.isArray(entry))
      throw fault(`${name}: entries[${i}]`, 'is not an object');
    return entry;
  });
}

export const isSqlite = (bytes: Uint8Array): boolean =>
  Buffer.from(bytes.subarray(0, 16)).toString('latin1') === 'SQLite format 3\0';
