import { digestBytes, publicKeyBytes } from '@cap/crypto';
import type { Fact, Requirement } from '@cap/policy';
import { type AllowedCodes, allowedCodes } from '@cap/policy/codes';
import { comparedBy, countryCodes, type IdScheme, type ListName } from '@cap/lists';
import type { NamedReferenceList, ReferenceList } from '@cap/lists/reference-lists';
import { columnsCommitment, type ColumnsCommitment, type Manifest } from '../../manifest/manifest.js';
import type { ProofContext } from '../backend.js';
import { tableOf } from '../opened-rows.js';
import { identifierElement } from './columns.js';
import { domain } from './domain.js';
import {
  codeTable,
  LIST_SIZES,
  referenceValues,
  type CodeTable,
  type ListStatement,
  type ReferenceValues,
  type ZkStatement,
} from './statement.js';

/** A rule that no proof of this kind can settle, and why. */
export interface Unprovable {
  rule_id: string;
  why: string;
}

/** What is to be proven of a policy, the facts that a proof of it establishes, and what can't be proven. */
export interface PolicyStatement {
  statement: ZkStatement;
  facts: Fact[];
  unprovable: Unprovable[];
}

const LISTS: readonly ListName[] = ['suppliers', 'ubos'];

/**
 * Turns the policy into a statement about the manifest's columns. Prover and verifier both call it, each with its own policy
 * and lists; so what is proven is what the verifier asks. Null if a reference list that a rule needs is not available, or if
 * there is no policy.
 */
export function policyStatement(context: ProofContext): PolicyStatement | null {
  const { policy, manifest } = context;
  if (!policy) return null;
  const unprovable: Unprovable[] = [];
  const facts: Fact[] = [];
  const lists: ListStatement[] = [];
  for (const list of LISTS) {
    const asked = policy.requirements.filter((requirement) => requirement.list === list);
    if (asked.length === 0) continue;
    const commitment = columnsCommitment(manifest, list);
    const refuse = (requirements: readonly Requirement[], why: string) =>
      unprovable.push(...requirements.map(({ rule_id }) => ({ rule_id, why })));
    if (!commitment) {
      refuse(asked, `the manifest has no kzg-columns.v1 commitment of ${list}`);
      continue;
    }
    const provable = asked.filter((requirement) => {
      const why = whyNot(requirement, commitment.id_scheme);
      if (why !== null) refuse([requirement], why);
      return why === null;
    });
    if (provable.length === 0) continue;
    const about = listStatements(commitment, provable, context);
    if (about === null) return null;
    if (typeof about === 'string') refuse(provable, about);
    else {
      lists.push(...about.statements);
      facts.push(...about.facts);
    }
  }
  return { statement: { ...statementFields(context), lists }, facts, unprovable };
}

const statementFields = ({ manifestHash, policyHash, statement }: ProofContext): Omit<ZkStatement, 'lists'> => ({
  manifestHash: digestBytes(manifestHash),
  policyHash: digestBytes(policyHash),
  signer: publicKeyBytes(statement.signer),
  audience: statement.audience ?? '',
  nonce: statement.nonce ?? '',
  issuedAt: statement.issued_at,
  expiresAt: statement.expires_at ?? '',
});

function whyNot({ need }: Requirement, idScheme: IdScheme): string | null {
  if (need.kind === 'disclosed')
    return 'it is about a share of rows, which only opened rows can show (backend disclosure)';
  const scheme = need.kind === 'disjoint' || need.kind === 'count' ? need.scheme : undefined;
  if (scheme !== undefined && scheme !== idScheme)
    return `it compares by ${comparedBy(scheme)}, the list is committed by ${comparedBy(idScheme)}`;
  return null;
}

/** The entries of one list, one for each segment, and the facts; text: why they can't be true; null: a list is missing. */
function listStatements(
  { list, id_scheme, segments }: ColumnsCommitment,
  requirements: readonly Requirement[],
  context: ProofContext,
): { statements: ListStatement[]; facts: Fact[] } | string | null {
  const n = LIST_SIZES[list];
  const { v } = domain(n);
  const full = (segments.length - 1) * v;
  const { min, max } = countBounds(requirements);
  // Every segment but the last is full; the bounds are about what is left for that one.
  const last = { min: Math.max(0, min - full), max: Math.min(v, max - full) };
  if (last.min > last.max) return `the policy wants ${min} to ${max} rows, the commitment holds ${full} to ${full + v}`;

  const tables = requirements.flatMap(({ need }) =>
    need.kind === 'rows_allowed' ? [tableOf(need.table, list, context)] : [],
  );
  if (tables.includes(null)) return null;
  const allowed = tables.filter((table) => table !== null);
  const table = commonTable(list, allowed);
  if (table.codes.length === 0) return 'no code is allowed by all of its rules';

  const ids = requirements.flatMap(({ need }) => (need.kind === 'disjoint' ? [need.reference_list] : []));
  const references: ReferenceValues[] = [];
  for (const id of [...new Set(ids)].sort()) {
    const reference = context.referenceLists.get(id);
    if (reference?.kind !== 'sanctions') return null;
    references.push(valuesOf(reference, id_scheme, context.manifest));
  }

  const statements = segments.map(({ x, r, d }, i): ListStatement => {
    const bounds = i < segments.length - 1 ? { min: v, max: v } : last;
    const commitments = { x: pointBytes(x), r: pointBytes(r), d: pointBytes(d) };
    return { name: list, n, ...bounds, table, references, commitments };
  });
  const facts: Fact[] = [
    { kind: 'count', list, ...(full + last.min > 0 ? { min: full + last.min } : {}), max: full + last.max },
    { kind: 'distinct', list, id_scheme },
    ...references.map(({ id }): Fact => ({
      kind: 'disjoint',
      list,
      reference_list: id,
      hash: context.referenceLists.get(id)!.list.hash,
      id_scheme,
    })),
    ...allowed.map(({ table_hash }): Fact => ({ kind: 'rows_allowed', list, table_hash })),
  ];
  return { statements, facts };
}

/** The smallest interval that holds every number of rows that all rules allow, as far as intervals can say it. */
function countBounds(requirements: readonly Requirement[]): { min: number; max: number } {
  const bounds = { min: 0, max: Infinity };
  for (const { need } of requirements) {
    if (need.kind !== 'count') continue;
    bounds.min = Math.max(bounds.min, need.min ?? 0, ...(need.among ? [Math.min(...need.among)] : []));
    bounds.max = Math.min(bounds.max, need.max ?? Infinity, ...(need.among ? [Math.max(...need.among)] : []));
  }
  return bounds;
}

/** The codes in all tables; of a list without a rule about them, every code that there is. */
function commonTable(list: ListName, tables: readonly AllowedCodes[]): CodeTable {
  const [first = allowedCodes({ countries: [...countryCodes] }, list, undefined)!, ...others] = tables;
  if (others.length === 0) return { codes: [...first.codes], hash: digestBytes(first.table_hash) };
  return codeTable([...first.codes].filter((code) => others.every(({ codes }) => codes.has(code))));
}

const valuesByScheme = (_list: ReferenceList): Map<IdScheme, ReferenceValues> => new Map();

/**
 * The day is the manifest's, which its hash covers too. By which day the list's age is judged is the verifier's own matter,
 * and the same file may have been published again since.
 */
function valuesOf(reference: NamedReferenceList, scheme: IdScheme, { reference_lists }: Manifest): ReferenceValues {
  const { id, list } = reference;
  const named = reference_lists.find((other) => other.id === id);
  const about = { id, fileHash: digestBytes(list.hash), asOf: named?.as_of ?? reference.as_of };
  const known = list.derive(valuesByScheme);
  const values =
    known.get(scheme) ??
    referenceValues(about, [...list.sanctions().identifiers(scheme).identifiers].map(identifierElement));
  known.set(scheme, values);
  return { ...values, ...about };
}

const pointBytes = (text: string): Buffer => Buffer.from(text.slice(2), 'hex');
