import { randomBytes } from 'node:crypto';
import { secretColumns, type ColumnRow, type SecretColumns } from './columns.js';
import { domain } from './domain.js';
import { integerOf, randomScalar } from './field.js';
import { JobScheduler } from './job-scheduler.js';
import {
  codeTable,
  referenceValues,
  type ColumnCommitments,
  type ListStatement,
  type ReferenceValues,
  type ZkStatement,
} from './statement.js';

/** Small statements with their secrets: domains of 64 rows, which hold 53. */
export interface Case {
  statement: ZkStatement;
  secrets: SecretColumns[];
}

export const scheduler = new JobScheduler();

export const randomElement = (): bigint => integerOf(randomBytes(31));

export const CODES: readonly number[] = Array.from({ length: 20 }, (_, i) => i + 1);
export const rowsOf = (count: number, codes: readonly number[] = CODES): ColumnRow[] =>
  Array.from({ length: count }, (_, i) => ({
    x: randomElement(),
    r: BigInt(codes[i % codes.length]!),
    d: randomElement(),
  }));

export const referenceList = (values: readonly bigint[], about: Partial<ReferenceValues> = {}): ReferenceValues =>
  referenceValues({ id: 'sanctions', fileHash: randomBytes(32), asOf: '2026-01-15', ...about }, values);
export const randomList = (count = 40): ReferenceValues => referenceList(Array.from({ length: count }, randomElement));

export async function committed(n: number, rows: readonly ColumnRow[]): Promise<[SecretColumns, ColumnCommitments]> {
  const secret = secretColumns(n, rows, randomScalar);
  const { x, r, d } = secret.polynomials;
  const [cx, cr, cd] = (await scheduler.commitments([x, r, d])) as [Buffer, Buffer, Buffer];
  return [secret, { x: cx, r: cr, d: cd }];
}

export interface ListCase extends Partial<Omit<ListStatement, 'commitments'>> {
  rows: readonly ColumnRow[];
}

/** Each list with bounds that say nothing, all twenty codes and no reference list, unless it says otherwise. */
export async function caseOf(lists: readonly ListCase[], about: Partial<ZkStatement> = {}): Promise<Case> {
  const secrets: SecretColumns[] = [];
  const statements: ListStatement[] = [];
  for (const { rows, ...more } of lists) {
    const n = more.n ?? 64;
    const [secret, commitments] = await committed(n, rows);
    secrets.push(secret);
    statements.push({
      name: 'suppliers',
      n,
      min: 0,
      max: domain(n).v,
      table: codeTable(CODES),
      references: [],
      ...more,
      commitments,
    });
  }
  const statement: ZkStatement = {
    manifestHash: randomBytes(32),
    policyHash: randomBytes(32),
    signer: randomBytes(32),
    audience: 'auditor',
    nonce: 'n-1',
    issuedAt: '2026-01-15T09:30:00Z',
    expiresAt: '2026-02-15T09:30:00Z',
    ...about,
    lists: statements,
  };
  return { statement, secrets };
}

/** 20 suppliers and 2 UBOs with bounds, compared with one reference list. */
export const usualCase = (about: Partial<ZkStatement> = {}): Promise<Case> => {
  const references = [randomList()];
  return caseOf(
    [
      { name: 'suppliers', rows: rowsOf(20), min: 3, max: 30, references },
      { name: 'ubos', rows: rowsOf(2), min: 1, references },
    ],
    about,
  );
};

/** One long list in segments of 53 rows: every one full but the last. */
export function segmentCase(
  rows: readonly ColumnRow[],
  references: readonly ReferenceValues[] = [randomList()],
): Promise<Case> {
  const { v } = domain(64);
  const parts = Array.from({ length: Math.ceil(rows.length / v) }, (_, i) => rows.slice(i * v, (i + 1) * v));
  return caseOf(parts.map((part, i) => ({ rows: part, min: i < parts.length - 1 ? v : 1, max: v, references })));
}

/** A message of a proof and where it stands. */
export interface Part {
  name: string;
  at: number;
  length: number;
}

/** The messages of a proof, in order, from the page alone. `factors`: how many q each list has. */
export function layout({ lists }: ZkStatement, factors: readonly number[]): Part[] {
  const parts: Part[] = [];
  let at = 0;
  const add = (name: string, length: number) => {
    parts.push({ name, at, length });
    at += length;
  };
  const each = (names: (i: number) => string[], length: number) =>
    lists.forEach(({ name }, i) => names(i).forEach((message) => add(`${name} ${i} ${message}`, length)));
  each((i) => ['a', 'm', 'A', ...Array.from({ length: factors[i]! }, (_, j) => `q${j}`)], 48);
  each(() => ['p'], 48);
  lists.forEach(({ name }, i) => {
    for (const message of ['z', 'h']) add(`${name} ${i} ${message}`, 48);
    for (const message of ['A(alpha)', "A'(alpha)"]) add(`${name} ${i} ${message}`, 32);
  });
  add('q', 48);
  each(() => ['a', 'aNext', 'z', 'zNext', 'h', 'hNext', 'm'].map((column) => `${column} at zeta`), 32);
  add('W', 48);
  add("W'", 48);
  return parts;
}
