import { randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { verifyingCeremony } from './ceremony.js';
import {
  caseOf,
  CODES,
  scheduler,
  layout,
  randomElement,
  randomList,
  referenceList,
  rowsOf,
  segmentCase,
  usualCase,
  type Case,
  type Part,
} from './columns.fixture.js';
import { loadCurve } from './curve.js';
import { domain } from './domain.js';
import { FIELD_ORDER, integerOf, scalarBytes } from './field.js';
import { proveStatement } from './prover.js';
import { bothVerdicts } from './second-verdict.fixture.js';
import { codeTable, referenceValues, statementDigest, type ListStatement, type ZkStatement } from './statement.js';
import { Verifier } from './verifier.js';

const prove = ({ statement, secrets }: Case) => proveStatement(statement, secrets, scheduler);

let usual: Case;
let proof: Buffer;
let other: Buffer;
let parts: Part[];
let verifier: Verifier;

beforeAll(async () => {
  verifier = new Verifier(await loadCurve(), await verifyingCeremony());
  usual = await usualCase();
  [proof, other] = [await prove(usual), await prove(usual)];
  parts = layout(usual.statement, [1, 1]);
});

/** In words why it is rejected; null if it is not. */
function rejected(statement: ZkStatement, bytes: Uint8Array): string | null {
  try {
    verifier.verify(statement, bytes);
    return null;
  } catch (error) {
    expect((error as Error).name).toBe('Rejected');
    return (error as Error).message;
  }
}

/** Both verifiers say the same. */
async function expectRejected(statement: ZkStatement, bytes: Uint8Array): Promise<void> {
  expect(await bothVerdicts(verifier, statement, bytes)).toEqual([false, false]);
}

describe('an honest proof', () => {
  it('is accepted by both verifiers and has the messages of the page', async () => {
    expect(await bothVerdicts(verifier, usual.statement, proof)).toEqual([true, true]);
    const last = parts.at(-1)!;
    expect(proof).toHaveLength(last.at + last.length);
  });

  it('differs from another one of the same statement in every message', () => {
    for (const { name, at, length } of parts)
      expect([name, proof.subarray(at, at + length).equals(other.subarray(at, at + length))]).toEqual([name, false]);
  });

  it('can be made for six segments; exchanged, one left out or one named otherwise it is rejected', async () => {
    const long = await segmentCase(rowsOf(5 * domain(64).v + 9));
    const bytes = await prove(long);
    expect(await bothVerdicts(verifier, long.statement, bytes)).toEqual([true, true]);
    const [first, second, ...rest] = long.statement.lists as [ListStatement, ListStatement, ...ListStatement[]];
    for (const lists of [
      [second, first, ...rest],
      [first, second, ...rest.slice(0, -1)],
      [first, second, ...rest.slice(0, -1), { ...rest.at(-1)!, name: 'ubos' }],
    ])
      expect(rejected({ ...long.statement, lists }, bytes)).not.toBeNull();
  });

  it('can be made for an empty list, for one row and for a full list', async () => {
    for (const count of [0, 1, domain(64).v]) {
      const some = await caseOf([{ rows: rowsOf(count), max: count, references: [randomList()] }]);
      expect(await bothVerdicts(verifier, some.statement, await prove(some))).toEqual([true, true]);
    }
  });
});

describe('a changed proof', () => {
  it('is rejected with any byte changed', () => {
    for (let i = 0; i < proof.length; i++) {
      const bytes = Buffer.from(proof);
      bytes[i]! ^= 1 << (i % 8);
      expect([i, rejected(usual.statement, bytes) === null]).toEqual([i, false]);
    }
  }, 120_000);

  it('is rejected with a message of another proof of the same statement, or with two of its own exchanged', async () => {
    for (const { at, length } of parts) {
      const bytes = Buffer.from(proof);
      other.copy(bytes, at, at, at + length);
      expect(rejected(usual.statement, bytes)).not.toBeNull();
    }
    for (const [i, one] of parts.entries())
      for (const two of parts.slice(i + 1)) {
        if (one.length !== two.length) continue;
        const bytes = Buffer.from(proof);
        proof.copy(bytes, one.at, two.at, two.at + two.length);
        proof.copy(bytes, two.at, one.at, one.at + one.length);
        expect([one.name, two.name, rejected(usual.statement, bytes)]).not.toContain(null);
        // The second verifier takes half a second: one exchange of each message.
        if (two === parts.slice(i + 1).find(({ length }) => length === one.length))
          await expectRejected(usual.statement, bytes);
      }
  }, 120_000);

  it('is rejected when it is longer, shorter or empty, before a point is decoded', async () => {
    for (const bytes of [proof.subarray(0, -1), Buffer.concat([proof, Buffer.alloc(1)]), Buffer.alloc(0)]) {
      expect(rejected(usual.statement, bytes)).toBe(`${bytes.length} bytes, expected ${proof.length}`);
      await expectRejected(usual.statement, bytes);
    }
  });

  it('is rejected with a scalar written as itself + p', async () => {
    for (const { at, length } of parts.filter((part) => part.length === 32)) {
      const bytes = Buffer.from(proof);
      const value = integerOf(proof.subarray(at, at + length)) + FIELD_ORDER;
      if (value >= 2n ** 256n) continue;
      scalarBytes(value).copy(bytes, at);
      expect(rejected(usual.statement, bytes)).toContain('not a canonical scalar');
      await expectRejected(usual.statement, bytes);
    }
  }, 60_000);

  it('is rejected with points that are none, each for what is wrong with it', async () => {
    const infinity = Buffer.alloc(48);
    infinity[0] = 0xc0;
    const bad: Record<string, [string, (point: Buffer) => Buffer]> = {
      infinity: ['at infinity', () => infinity],
      'infinity with a rest': ['at infinity', () => Buffer.concat([infinity.subarray(0, 47), Buffer.from([1])])],
      'infinity with a sign': ['not a point', () => Buffer.concat([Buffer.from([0xe0]), infinity.subarray(1)])],
      'the compression flag left out': [
        'not a point',
        (point) => Buffer.concat([Buffer.from([point[0]! & 0x7f]), point.subarray(1)]),
      ],
      'the other sign': [
        'pairing equation',
        (point) => Buffer.concat([Buffer.from([point[0]! ^ 0x20]), point.subarray(1)]),
      ],
      'a coordinate beyond the field': [
        'not a point',
        () => Buffer.concat([Buffer.from([0x9f]), Buffer.alloc(47, 0xff)]),
      ],
      'off the curve': ['not a point', () => offCurve],
      'off the subgroup': ['not a point of the subgroup', () => OFF_SUBGROUP],
      'the generator': ['pairing equation', () => GENERATOR],
    };
    const points = parts.filter(({ length }) => length === 48);
    for (const [what, [why, change]] of Object.entries(bad))
      for (const { name, at } of points) {
        const bytes = Buffer.from(proof);
        change(proof.subarray(at, at + 48)).copy(bytes, at);
        expect([what, name, rejected(usual.statement, bytes)]).toEqual([what, name, expect.stringContaining(why)]);
        if (at === 0) await expectRejected(usual.statement, bytes);
      }
  }, 60_000);
});

describe('another statement', () => {
  const first =
    (change: Partial<ListStatement>) =>
    (statement: ZkStatement): ZkStatement => ({
      ...statement,
      lists: statement.lists.map((list, i) => (i === 0 ? { ...list, ...change } : list)),
    });
  const values = Array.from({ length: 40 }, randomElement);
  const changes: Record<string, (statement: ZkStatement) => ZkStatement> = {
    'another manifest': (statement) => ({ ...statement, manifestHash: randomBytes(32) }),
    'another policy': (statement) => ({ ...statement, policyHash: randomBytes(32) }),
    'another signer': (statement) => ({ ...statement, signer: randomBytes(32) }),
    'another audience': (statement) => ({ ...statement, audience: 'auditor!' }),
    'no audience': (statement) => ({ ...statement, audience: '' }),
    'another nonce': (statement) => ({ ...statement, nonce: 'n-2' }),
    'audience and nonce cut elsewhere': (statement) => ({ ...statement, audience: 'auditorn', nonce: '-1' }),
    'another time of issue': (statement) => ({ ...statement, issuedAt: '2026-01-15T09:30:01Z' }),
    'a later expiry': (statement) => ({ ...statement, expiresAt: '2027-02-15T09:30:00Z' }),
    'a lower bound': first({ min: 2 }),
    'a higher bound': first({ min: 4 }),
    'a lower upper bound': first({ max: 29 }),
    'no upper bound': first({ max: 53 }),
    'a larger table': first({ table: codeTable([...CODES, 21]) }),
    'another name': first({ name: 'supplier' }),
    'no reference list': first({ references: [] }),
    'another reference list': first({ references: [referenceList(values)] }),
    'the list under another id': (statement) =>
      first({ references: [{ ...statement.lists[0]!.references[0]!, id: 'watch' }] })(statement),
    'the list as of another day': (statement) =>
      first({ references: [{ ...statement.lists[0]!.references[0]!, asOf: '2026-01-16' }] })(statement),
    'the list of another file': (statement) =>
      first({ references: [{ ...statement.lists[0]!.references[0]!, fileHash: randomBytes(32) }] })(statement),
    'one list twice': (statement) =>
      first({ references: [...statement.lists[0]!.references, ...statement.lists[0]!.references] })(statement),
    'lists in another order': (statement) => ({ ...statement, lists: [...statement.lists].reverse() }),
    'one list less': (statement) => ({ ...statement, lists: statement.lists.slice(0, 1) }),
    'one list more': (statement) => ({ ...statement, lists: [...statement.lists, statement.lists[1]!] }),
    'commitments of the other list': (statement) => first({ commitments: statement.lists[1]!.commitments })(statement),
    'identifiers of the other list': (statement) =>
      first({ commitments: { ...statement.lists[0]!.commitments, x: statement.lists[1]!.commitments.x } })(statement),
    'documents of the other list': (statement) =>
      first({ commitments: { ...statement.lists[0]!.commitments, d: statement.lists[1]!.commitments.d } })(statement),
    'columns exchanged': (statement) => {
      const { x, r, d } = statement.lists[0]!.commitments;
      return first({ commitments: { x: r, r: x, d } })(statement);
    },
    'a commitment off the subgroup': (statement) =>
      first({ commitments: { ...statement.lists[0]!.commitments, x: OFF_SUBGROUP } })(statement),
    'a bound beyond the capacity': first({ max: 54 }),
    'a negative bound': first({ min: -1 }),
    'bounds crossed': first({ min: 31 }),
    'another size': first({ n: 512 }),
    'no such size': first({ n: 128 }),
    'an empty table': first({ table: codeTable([]) }),
    'a table with 0': first({ table: codeTable([0, ...CODES]) }),
    'a table out of order': first({ table: codeTable([2, 1]) }),
  };

  it.each(Object.entries(changes))('%s: rejected by both verifiers', async (_, change) => {
    await expectRejected(change(usual.statement), proof);
  });

  it('has another digest', () => {
    const digests = Object.values(changes).map((change) => statementDigest(change(usual.statement)).toString('hex'));
    expect(new Set(digests).size).toBe(digests.length);
    expect(digests).not.toContain(statementDigest(usual.statement).toString('hex'));
  });
});

describe('reference lists', () => {
  it('of several chunks and of none', async () => {
    const large = Array.from({ length: 3_100 }, randomElement);
    const { statement, secrets } = usual;
    const lists = statement.lists.map((list, i) => ({
      ...list,
      references: i === 0 ? [referenceList(large), referenceList([], { id: 'empty' })] : [],
    }));
    const changed = { ...statement, lists };
    const bytes = await prove({ statement: changed, secrets });
    expect(bytes).toHaveLength(proof.length + 48);
    expect(await bothVerdicts(verifier, changed, bytes)).toEqual([true, true]);
  });

  it('hold field elements only, none of them 0', () => {
    const about = { id: 'sanctions', fileHash: randomBytes(32), asOf: '2026-01-15' };
    expect(() => referenceValues(about, [0n])).toThrow(RangeError);
    expect(() => referenceValues(about, [FIELD_ORDER])).toThrow(RangeError);
    expect(randomList(7).values).toHaveLength(7 * 32);
  });
});

const GENERATOR = Buffer.from(
  '97f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb',
  'hex',
);
/** x = 1 has no y on the curve: 1 + 4 = 5 is no square. */
const offCurve = Buffer.concat([Buffer.from([0x80]), Buffer.alloc(46), Buffer.from([1])]);
/** A point of the curve outside the subgroup: x = 4 (found by trying: y exists, the order is not r). */
const OFF_SUBGROUP = Buffer.concat([Buffer.from([0x80]), Buffer.alloc(46), Buffer.from([4])]);
