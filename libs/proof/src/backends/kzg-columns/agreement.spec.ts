import { beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { verifyingCeremony } from './ceremony.js';
import { caseOf, CODES, scheduler, randomList, rowsOf, type ListCase } from './columns.fixture.js';
import { loadCurve } from './curve.js';
import { domain } from './domain.js';
import { proveStatement } from './prover.js';
import { bothVerdicts } from './second-verdict.fixture.js';
import { codeTable, type ListStatement, type ZkStatement } from './statement.js';
import { Verifier } from './verifier.js';

/** Twenty times as many in the long form. */
const STATEMENTS = 12 * Number(process.env.CAP_TEST_SCALE ?? 1);
const MUTATIONS = 5;

const { v } = domain(64);

/** A true statement about one list or segment. */
const listCase = fc
  .record({
    name: fc.constantFrom('suppliers', 'ubos'),
    count: fc.integer({ min: 0, max: v }),
    below: fc.nat(v),
    above: fc.nat(v),
    codes: fc.integer({ min: 1, max: CODES.length }),
    lists: fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 2 }),
  })
  .map(({ name, count, below, above, codes, lists }): ListCase => {
    const table = CODES.slice(0, codes);
    return {
      name,
      rows: rowsOf(count, table),
      min: Math.max(0, count - below),
      max: Math.min(v, count + above),
      table: codeTable(table),
      references: lists.map((size) => randomList(size)),
    };
  });

/** A change of one byte, of one bound, of a text, of the order: a false statement or a broken proof, or now and then none. */
const mutation = fc.oneof(
  fc.record({ kind: fc.constant('byte' as const), at: fc.nat(), mask: fc.integer({ min: 1, max: 255 }) }),
  fc.record({ kind: fc.constant('cut' as const), bytes: fc.integer({ min: 1, max: 64 }) }),
  fc.record({ kind: fc.constant('bounds' as const), list: fc.nat(), min: fc.integer({ min: -1, max: v + 1 }) }),
  fc.record({ kind: fc.constant('nonce' as const), nonce: fc.string({ unit: 'binary' }) }),
  fc.record({ kind: fc.constant('exchange' as const), list: fc.nat() }),
);
type Mutation = typeof mutation extends fc.Arbitrary<infer T> ? T : never;

function mutated(statement: ZkStatement, proof: Buffer, change: Mutation): [ZkStatement, Buffer] {
  const lists = [...statement.lists];
  const at = 'list' in change ? change.list % lists.length : 0;
  const put = (list: ListStatement): [ZkStatement, Buffer] => {
    lists[at] = list;
    return [{ ...statement, lists }, proof];
  };
  switch (change.kind) {
    case 'byte': {
      const bytes = Buffer.from(proof);
      bytes[change.at % bytes.length]! ^= change.mask;
      return [statement, bytes];
    }
    case 'cut':
      return [statement, proof.subarray(0, -change.bytes)];
    case 'bounds':
      return put({ ...lists[at]!, min: change.min });
    case 'nonce':
      return [{ ...statement, nonce: change.nonce }, proof];
    case 'exchange': {
      const { x, r, d } = lists[at]!.commitments;
      return put({ ...lists[at]!, commitments: { x: d, r, d: x } });
    }
  }
}

describe('two verifiers, written apart on two curve libraries', () => {
  let verifier: Verifier;
  beforeAll(async () => {
    verifier = new Verifier(await loadCurve(), await verifyingCeremony());
  });

  it(`agree on ${STATEMENTS} random statements and ${MUTATIONS} mutations of each`, async () => {
    let rejected = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(listCase, { minLength: 1, maxLength: 3 }),
        fc.array(mutation, { minLength: MUTATIONS, maxLength: MUTATIONS }),
        async (lists, changes) => {
          const { statement, secrets } = await caseOf(lists, { audience: '', expiresAt: '' });
          const proof = await proveStatement(statement, secrets, scheduler);
          expect(await bothVerdicts(verifier, statement, proof)).toEqual([true, true]);
          for (const change of changes) {
            const [first, second] = await bothVerdicts(verifier, ...mutated(statement, proof, change));
            expect(first).toBe(second);
            if (!first) rejected++;
          }
        },
      ),
      { numRuns: STATEMENTS, endOnFailure: true },
    );
    // A change may change nothing (the bound that was there, the nonce): rarely.
    expect(rejected).toBeGreaterThan(STATEMENTS * MUTATIONS * 0.8);
  }, 3_600_000);
});
