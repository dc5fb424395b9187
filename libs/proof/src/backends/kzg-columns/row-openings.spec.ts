import { beforeAll, describe, expect, it } from '@jest/globals';
import { verifyingCeremony } from './ceremony.js';
import { scheduler, usualCase, type Case } from './columns.fixture.js';
import { loadCurve, type Curve } from './curve.js';
import { mod } from './field.js';
import { openRows, proofOf, verifyRows, type OpenedElements } from './row-openings.js';
import { secondStatement } from './second-verdict.fixture.js';
import { secondOpeningVerifier } from './second-verifier.fixture.js';
import { statementDigest } from './statement.js';
import { Verifier } from './verifier.js';

let curve: Curve;
let verifier: Verifier;
let usual: Case;
let digest: Buffer;
let rows: OpenedElements[];
let proof: Buffer;

beforeAll(async () => {
  curve = await loadCurve();
  verifier = new Verifier(curve, await verifyingCeremony());
  usual = await usualCase();
  digest = statementDigest(usual.statement);
  ({ rows, proof } = await openRows(scheduler, digest, 0, usual.secrets[0]!, [2, 5, 19]));
});

interface Asked {
  digest: Uint8Array;
  entry: number;
  list: number;
  rows: readonly OpenedElements[];
  proof: Uint8Array;
}

/** What both verifiers say. */
function verdicts(change: Partial<Asked> = {}): [boolean, boolean] {
  const asked: Asked = { digest, entry: 0, list: 0, rows, proof, ...change };
  let first = true;
  try {
    verifyRows(curve, verifier, asked.digest, asked.entry, usual.statement.lists[asked.list]!, asked.rows, asked.proof);
  } catch (error) {
    expect((error as Error).name).toBe('Rejected');
    first = false;
  }
  const list = secondStatement(usual.statement).lists[asked.list]!;
  return [first, secondOpeningVerifier(asked.digest, asked.entry, list, [...asked.rows], asked.proof)];
}
const rejected = [false, false];

describe('opened rows', () => {
  it('are what was committed to, for both verifiers', () => {
    expect(verdicts()).toEqual([true, true]);
    expect(rows.map(({ index }) => index)).toEqual([2, 5, 19]);
    expect(rows[0]!.x).toBe(usual.secrets[0]!.evaluations.x[2]);
    expect(proof).toHaveLength(96);
  });

  it.each(['x', 'r', 'd'] as const)('can not have another %s, honestly or forged', async (name) => {
    const other = rows.map((row, i) => (i === 1 ? { ...row, [name]: mod(row[name] + 1n) } : row));
    expect(verdicts({ rows: other })).toEqual(rejected);
    const forged = await proofOf(scheduler, digest, 0, usual.secrets[0]!, other);
    expect(verdicts({ rows: other, proof: forged })).toEqual(rejected);
  });

  it('stand where they stand', async () => {
    const other = rows.map((row, i) => (i === 1 ? { ...row, index: 6 } : row));
    expect(verdicts({ rows: other })).toEqual(rejected);
    expect(verdicts({ rows: other, proof: await proofOf(scheduler, digest, 0, usual.secrets[0]!, other) })).toEqual(
      rejected,
    );
    for (const order of [[rows[1]!, rows[0]!, rows[2]!], [rows[0]!, rows[0]!], rows.slice(0, 2), []])
      expect(verdicts({ rows: order })).toEqual(rejected);
  });

  it('can not be empty rows, nor rows beyond the data', async () => {
    for (const index of [20, 53, 63]) {
      const opened = await openRows(scheduler, digest, 0, usual.secrets[0]!, [index]);
      expect(verdicts(opened)).toEqual(rejected);
    }
    expect(verdicts({ rows: [{ ...rows[0]!, index: -1 }] })).toEqual(rejected);
    expect(verdicts({ rows: [{ ...rows[0]!, index: 0.5 }] })).toEqual(rejected);
  });

  it('belong to one statement, one entry and one list', () => {
    expect(verdicts({ digest: Buffer.alloc(32) })).toEqual(rejected);
    expect(verdicts({ entry: 1 })).toEqual(rejected);
    expect(verdicts({ entry: 1, list: 1 })).toEqual(rejected);
    expect(verdicts({ list: 1 })).toEqual(rejected);
  });

  it('can not be opened with points at infinity, though the equation holds: of columns that are one value everywhere', async () => {
    const value = { index: 2, x: 5n, r: 1n, d: 7n };
    const polynomials = { x: [value.x], r: [value.r], d: [value.d] };
    const [x, r, d] = (await scheduler.commitments(Object.values(polynomials))) as [Buffer, Buffer, Buffer];
    const forged = await proofOf(scheduler, digest, 0, { n: 64, polynomials }, [value]);
    expect(forged.toString('hex')).toBe(`c0${'0'.repeat(94)}`.repeat(2));
    const list = { n: 64, commitments: { x, r, d } };
    expect(() => verifyRows(curve, verifier, digest, 0, list, [value], forged)).toThrow('point at infinity');
  });

  it('are rejected with any byte of the proof changed, cut off or added', () => {
    for (let i = 0; i < proof.length; i++) {
      const bytes = Buffer.from(proof);
      bytes[i]! ^= 1 << (i % 8);
      expect([i, ...verdicts({ proof: bytes })]).toEqual([i, ...rejected]);
    }
    expect(verdicts({ proof: proof.subarray(0, -1) })).toEqual(rejected);
    expect(verdicts({ proof: Buffer.concat([proof, Buffer.alloc(1)]) })).toEqual(rejected);
  });

  it('need no other proof than that of their columns: opened again, the proof is another transcript', async () => {
    const fewer = await openRows(scheduler, digest, 0, usual.secrets[0]!, [5]);
    expect(verdicts(fewer)).toEqual([true, true]);
    expect(fewer.proof.equals(proof)).toBe(false);
  });
});
