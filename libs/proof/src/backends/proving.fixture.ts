import type { PublicKeyText } from '@cap/crypto';
import type { JsonObject, JsonValue } from '@cap/core';
import { compilePolicy, type CompiledPolicy } from '@cap/policy';
import { defaultIdScheme, type IdScheme, type ListName, type ListRow, type SupplierRow, type UboRow } from '@cap/lists';
import { ReferenceList, referenceListKind } from '@cap/lists/reference-lists';
import { commit } from '../commitment/merkle-blake3.js';
import { buildManifest, type Manifest } from '../manifest/manifest.js';
import type { ProofContext } from './backend.js';
import type { ProverList } from './backend-prover.js';

// For the tests of other packages, which reach into this one through its fixtures alone.
export { MAX_LEAVES } from './disclosure/payload.js';
export { TABLE_VERSIONS } from '../manifest/manifest.js';
export { statementDigest } from '../statement/statement.js';

export const SUPPLIERS: SupplierRow[] = [
  { name: 'Hallerwald GmbH', jurisdiction: 'DE', tier: 1 },
  { name: 'Fil & Tissu', jurisdiction: 'FR', tier: 2, id: 'FR40303265045', audit_date: '2024-02-29' },
  { name: 'Karst Metall', jurisdiction: 'KP', tier: 3, due_diligence: true },
  { name: 'Łódź Textil', jurisdiction: 'PL', tier: 1, due_diligence: false },
];
export const UBOS: UboRow[] = [
  { name: 'Ada Byron', birthdate: '1815-12-10', citizenship: 'GB' },
  { name: 'Jürgen Groß', birthdate: '1970-01-01', citizenship: 'DE', id: 'P-7' },
];
export const SANCTIONS = 'name,birthdate,nationality,id\nYevor Vespuzen,1953-10-20,EE,\nNoxious Ltd,,RU,\n';
export const JURISDICTIONS = 'iso_code,risk_level\nDE,low\nFR,low\nPL,medium\nGB,low\nKP,high\nRU,high\nEE,low\n';

export const RULES = {
  few: { id: 'few', op: 'range_max', lhs: 'supplier_count', rhs: 10 },
  some: { id: 'some', op: 'range_min', lhs: 'supplier_count', rhs: 2 },
  owned: { id: 'owned', op: 'range_min', lhs: 'ubo_count', rhs: 1 },
  distinct: { id: 'distinct', op: 'range_max', lhs: 'supplier_count', rhs: 10, distinct: true },
  clean: { id: 'clean', op: 'non_membership', lhs: 'suppliers', rhs: 'sanctions_root' },
  cleanUbos: { id: 'clean-ubos', op: 'non_membership', lhs: 'ubos', rhs: 'sanctions_root' },
  safe: { id: 'safe', op: 'in', lhs: 'suppliers.code', rhs: { exclude_risk: 'high', unless: 'due_diligence' } },
} satisfies Record<string, JsonObject>;

export const policyOf = (...rules: JsonValue[]): CompiledPolicy =>
  compilePolicy({
    id: 'example',
    version: '1.0.0',
    legal_basis: [{ directive: 'LkSG', article: '§ 5' }],
    description: 'An example',
    inputs: {},
    rules,
  });

/** A public key that nobody here signs with. */
export const SIGNER: PublicKeyText = '0xd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a'; // RFC 8032, section 7.1, test 1

export interface Scenario {
  suppliers?: SupplierRow[];
  ubos?: UboRow[];
  sanctions?: string;
  jurisdictions?: string;
  idSchemes?: Partial<Record<ListName, IdScheme>>;
  company?: Manifest['company'];
}
export interface Proving {
  context: ProofContext & { policy: CompiledPolicy };
  lists: ProverList[];
}

/** All that prover and verifier need for lists of one's own choice; rows are on the lines 2, 3, … of their files. */
export function proving(policy: CompiledPolicy, scenario: Scenario = {}): Proving {
  const {
    suppliers = SUPPLIERS,
    ubos = UBOS,
    sanctions = SANCTIONS,
    jurisdictions = JURISDICTIONS,
    idSchemes = {},
    company = {},
  } = scenario;
  const committed = Object.entries({ suppliers, ubos }).map(([name, rows]) => {
    const list = name as ListName;
    return { list, ...commit(list, rows as ListRow[], idSchemes[list] ?? defaultIdScheme(list)) };
  });
  const references = Object.entries({ sanctions, jurisdictions }).map(([id, csv]) => {
    return { id, kind: referenceListKind(id), as_of: '2026-01-10', list: new ReferenceList(Buffer.from(csv)) };
  });
  const { manifest, hash } = buildManifest({
    manifestId: 'm-1',
    company,
    createdAt: '2026-01-15T09:00:00Z',
    asOf: '2026-01-14',
    policy,
    commitments: committed.map(({ commitment }) => commitment),
    referenceLists: references.map(({ id, as_of, list }) => ({ id, as_of, hash: list.hash })),
    audit: { tail_digest: `0x${'00'.repeat(32)}`, events_count: 0 },
  });
  return {
    context: {
      manifest,
      manifestHash: hash,
      policy,
      policyHash: policy.policy_hash,
      statement: {
        signer: SIGNER,
        audience: 'auditor',
        nonce: 'n-1',
        issued_at: '2026-01-15T09:30:00Z',
        expires_at: '2026-02-15T09:30:00Z',
      },
      referenceLists: new Map(references.map((reference) => [reference.id, reference])),
    },
    lists: committed.map(({ list, rows, secrets, order }) => ({
      list,
      rows,
      secrets,
      lines: order.map((i) => i + 2),
      columnsSeed: null,
    })),
  };
}
