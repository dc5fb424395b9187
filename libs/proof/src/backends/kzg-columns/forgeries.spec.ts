import { bls12_381 } from '@noble/curves/bls12-381.js';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { verifyingCeremony, type VerifyingCeremony } from './ceremony.js';
import { caseOf, scheduler, randomElement, referenceList, rowsOf, segmentCase, type Case } from './columns.fixture.js';
import type { ColumnRow, SecretColumns } from './columns.js';
import { loadCurve, type Curve, type Point } from './curve.js';
import { FIELD_ORDER, inverse, inverses, mod, randomScalars } from './field.js';
import { Identities, type Challenges, type Claim, type ListView } from './identities.js';
import {
  addScaled,
  combinedOverTree,
  derivative,
  evaluate,
  interpolated,
  multiply,
  productTree,
  type Polynomial,
} from './polynomial.js';
import { proveStatement } from './prover.js';
import {
  FalseStatement,
  honestSteps,
  type CommitmentState,
  type CountedState,
  type ProverSteps,
  type SumState,
} from './prover-rounds.js';
import { secondVerifier } from './second-verifier.fixture.js';
import { secondStatement } from './second-verdict.fixture.js';
import type { ListStatement, ZkStatement } from './statement.js';
import { PreparedCache, Verifier } from './verifier.js';

/**
 * For each rule a proof of a false statement that breaks this rule alone: a verifier without the rule accepts it (so the rule
 * is not dead, and the forgery breaks nothing else), the real one rejects it, and the honest prover refuses.
 */

/** The protocol without one rule. */
class Without extends Identities {
  constructor(private readonly rule: string) {
    super();
  }
  protected override weight(rule: string, power: bigint): bigint {
    return rule === this.rule ? 0n : power;
  }
  protected override claimOfA<T>(view: ListView<T>, alpha: bigint): Claim<T> {
    const claim = super.claimOfA(view, alpha);
    if (this.rule !== 'derivative') return claim;
    return { terms: claim.terms, points: claim.points, values: [claim.values[0]!] };
  }
}

/** What a forger does differently; everything is left out of the honest prover's own checks. */
interface Cheat {
  activity?: (state: { evaluations: { a: bigint[] } }) => void;
  roots?: (state: Pick<CountedState, 'roots'>) => bigint[];
  slope?: Polynomial;
  running?: (state: SumState, challenges: Pick<Challenges, 'alpha' | 'beta'>) => void;
  cofactors?: (state: CommitmentState) => void;
}

/** The steps of a prover that cheats about one list. */
function forgersSteps(cheat: Cheat, only: string): ProverSteps {
  const isMine = ({ list }: { list: ListStatement }) => list.name === only;
  return {
    check: () => undefined,
    checkQuotient: () => undefined,
    codeNotAllowed: () => undefined,

    activity(state) {
      const { list } = state;
      const a = honestSteps.activity({ ...state, list: { ...list, min: 0, max: Infinity } });
      if (isMine(state)) cheat.activity?.({ evaluations: { a } });
      return a;
    },
    rootsOfA: (state) => (isMine(state) ? cheat.roots?.(state) : undefined) ?? state.roots,
    cofactors(state) {
      cheat.cofactors?.(state);
      return state.columns.q;
    },
    sharedRoot: ({ domain }) => randomScalars(domain.u + 4),
    slopeOfA: ({ slope }) => cheat.slope ?? slope,
    running(state, challenges) {
      const { alpha } = challenges;
      const summed = { ...state, ...(cheat.slope && { slopeOfA: evaluate(cheat.slope, alpha) }) };
      if (isMine(state)) cheat.running?.(summed, challenges);
      return summed;
    },
  };
}

const forge = ({ statement, secrets }: Case, rule: string, cheat: Cheat): Promise<Buffer> =>
  proveStatement(statement, secrets, scheduler, {
    identities: new Without(rule),
    steps: forgersSteps(cheat, 'suppliers'),
  });

/** The inverse of S_j modulo an A with one double root: inverted modulo the square-free part, then one Hensel step. */
function cofactorDespiteDuplicate(state: CommitmentState, j: number): void {
  const different = [...new Set(state.roots)];
  const tree = productTree(different);
  const slope = derivative(tree.at(-1)![0]!);
  const chunk = state.chunks[j]!;
  const values = different.map((root) => mod(evaluate(chunk, root) * evaluate(slope, root)));
  const once = combinedOverTree(tree, inverses(values));
  state.columns.q[j] = multiply(once, addScaled([2n], multiply(chunk, once), -1n));
}

/** What the look-up sum is short of when a code is not in the table. */
function lookupDebt({ domain, evaluations, table }: SumState, { beta }: Pick<Challenges, 'beta'>): bigint {
  let sum = 0n;
  for (let i = 0; i < domain.v; i++)
    sum +=
      evaluations.a[i]! * inverse(beta + evaluations.r[i]!) - evaluations.m[i]! * inverse(beta + table.evaluations[i]!);
  return mod(sum);
}

interface Forgery {
  /** The rule that the forgery breaks. */
  rule: string;
  what: string;
  make: () => Promise<Case>;
  cheat: Cheat;
  /** Where the honest prover sees the fault: null, no single row; undefined: the statement is true, only its witness is not. */
  row?: number | null;
}

const rows = rowsOf(20);
const listed = () => referenceList([...Array.from({ length: 39 }, randomElement), rows[7]!.x]);
const clean = () => referenceList([3n], { id: 'clean' });
/** A(X) without the listed row. */
const foreignRoots = ({ roots }: Pick<CountedState, 'roots'>) => roots.map((root, i) => (i === 7 ? 5n : root));
const badCode: ColumnRow[] = rows.map((row, i) => (i === 4 ? { ...row, r: 99n } : row));
const twice: ColumnRow[] = rows.map((row, i) => (i === 9 ? { ...row, x: rows[3]!.x } : row));
const withUbos = (suppliers: Parameters<typeof caseOf>[0][number]) => () =>
  caseOf([suppliers, { name: 'ubos', rows: rowsOf(2), min: 1, references: suppliers.references ?? [] }]);

/** The case with other documents of the first list, committed to. */
async function withDocuments({ statement, secrets }: Case, change: (secret: SecretColumns) => void): Promise<Case> {
  const [secret, ...others] = secrets as [SecretColumns, ...SecretColumns[]];
  change(secret);
  const d = interpolated(secret.evaluations.d);
  const [point] = await scheduler.commitments([d]);
  return {
    statement: callingDocuments(statement, point!),
    secrets: [{ ...secret, polynomials: { ...secret.polynomials, d } }, ...others],
  };
}

/** The statement with another C_d of its first list. */
function callingDocuments(statement: ZkStatement, d: Uint8Array): ZkStatement {
  const [first, ...others] = statement.lists;
  return { ...statement, lists: [{ ...first!, commitments: { ...first!.commitments, d } }, ...others] };
}

const FORGERIES: Forgery[] = [
  {
    rule: 'boolean',
    what: 'one row counts twice, another less than nothing',
    make: withUbos({ rows, min: 21 }),
    cheat: {
      activity: ({ evaluations }) => {
        evaluations.a[20] = 1n;
        evaluations.a[21] = FIELD_ORDER - 1n;
      },
    },
    row: null,
  },
  {
    rule: 'prefix',
    what: 'an empty row is counted by the rows after it',
    make: withUbos({ rows: [...rows.slice(0, 5), { x: 1n, r: 0n, d: 0n }, ...rows.slice(5)], min: 21 }),
    cheat: { activity: ({ evaluations }) => void (evaluations.a[5] = 0n) },
    row: 5,
  },
  {
    rule: 'inactive',
    what: 'rows are there and do not count',
    make: withUbos({ rows, max: 15 }),
    cheat: { activity: ({ evaluations }) => void evaluations.a.fill(0n, 15, 20) },
    row: null,
  },
  {
    rule: 'product',
    what: 'A(X) is made of other identifiers',
    make: withUbos({ rows, references: [listed()] }),
    cheat: {
      roots: foreignRoots,
      running: ({ evaluations, roots, domain, valueOfA }, { alpha }) => {
        // An honest product over the foreign roots: it breaks only where a committed identifier is another.
        const own = foreignRoots({ roots });
        for (let i = 0; i < domain.u; i++) evaluations.z[i + 1] = mod(evaluations.z[i]! * mod(alpha - own[i]!));
        expect(evaluations.z[domain.u]).toBe(valueOfA);
      },
    },
    row: 7,
  },
  {
    rule: 'mask',
    what: 'the running product jumps on the mask rows',
    make: withUbos({ rows, references: [listed()] }),
    cheat: {
      roots: foreignRoots,
      running: ({ evaluations, domain, valueOfA }) => void (evaluations.z[domain.u] = valueOfA),
    },
    row: 7,
  },
  {
    rule: 'z start',
    what: 'the running product starts elsewhere',
    make: withUbos({ rows, references: [listed()] }),
    cheat: {
      roots: foreignRoots,
      running: ({ evaluations, domain, valueOfA }) => {
        const factor = valueOfA * inverse(evaluations.z[domain.u]!);
        evaluations.z = evaluations.z.map((value) => mod(value * factor));
      },
    },
    row: 7,
  },
  {
    rule: 'z end',
    what: 'the running product ends elsewhere',
    make: withUbos({ rows, references: [listed()] }),
    cheat: { roots: foreignRoots },
    row: 7,
  },
  {
    rule: 'lookup',
    what: 'the look-up sum jumps at its end',
    make: withUbos({ rows: badCode }),
    cheat: { running: ({ evaluations, domain }) => void (evaluations.h[domain.v] = 0n) },
    row: 4,
  },
  {
    rule: 'h start',
    what: 'the look-up sum starts with what is missing',
    make: withUbos({ rows: badCode }),
    cheat: {
      running: (state, challenges) => {
        const debt = lookupDebt(state, challenges);
        state.evaluations.h = state.evaluations.h.map((value) => mod(value - debt));
      },
    },
    row: 4,
  },
  { rule: 'h end', what: 'the look-up sum ends with a rest', make: withUbos({ rows: badCode }), cheat: {}, row: 4 },
  {
    rule: 'd end',
    what: 'the documents do not keep to their one rule',
    make: async () => withDocuments(await withUbos({ rows })(), ({ evaluations }) => (evaluations.d[63 - 4] = 1n)),
    cheat: {},
    row: null,
  },
  { rule: 'min', what: 'fewer rows than stated', make: withUbos({ rows, min: 21 }), cheat: {}, row: null },
  { rule: 'max', what: 'more rows than stated', make: withUbos({ rows, max: 19 }), cheat: {}, row: null },
  {
    rule: 'coprime 0',
    what: 'a row is on the first reference list',
    make: withUbos({ rows, references: [listed(), clean()] }),
    cheat: {},
    row: 7,
  },
  {
    rule: 'coprime 1',
    what: 'a row is on the second reference list',
    make: withUbos({ rows, references: [clean(), listed()] }),
    cheat: {},
    row: 7,
  },
  {
    rule: 'coprime 0',
    what: 'two rows have one identifier',
    make: withUbos({ rows: twice, references: [clean(), clean()] }),
    cheat: {
      cofactors: (state) => {
        if (state.list.name === 'suppliers') cofactorDespiteDuplicate(state, 1);
      },
    },
    row: 3,
  },
  {
    rule: 'coprime 1',
    what: 'a row of one segment is in another one too',
    make: async () => {
      const many = rowsOf(60);
      return segmentCase([...many, many[4]!]);
    },
    cheat: {},
    row: 7,
  },
  {
    rule: 'derivative',
    what: 'the derivative is said to be another, so that two equal rows do not show',
    make: withUbos({ rows: twice, references: [clean()] }),
    cheat: {
      slope: [1n],
      cofactors: (state) => {
        if (state.list.name === 'suppliers') cofactorDespiteDuplicate(state, 0);
        else state.columns.q[0] = multiply(state.columns.q[0]!, state.slope);
      },
    },
    row: 3,
  },
];

describe('a forgery that breaks one rule', () => {
  let curve: Curve;
  let ceremony: VerifyingCeremony;
  beforeAll(async () => {
    curve = await loadCurve();
    ceremony = await verifyingCeremony();
  });

  it.each(FORGERIES)('$rule: $what', async ({ rule, make, cheat, row }) => {
    const { statement, secrets } = await make();
    const forged = await forge({ statement, secrets }, rule, cheat);
    const lenient = new Verifier(curve, ceremony, new PreparedCache(curve), new Without(rule));
    expect(() => lenient.verify(statement, forged)).not.toThrow();
    expect(() => new Verifier(curve, ceremony).verify(statement, forged)).toThrow('the pairing equation');

    const honest = proveStatement(statement, secrets, scheduler);
    await expect(honest).rejects.toThrow(FalseStatement);
    await expect(honest).rejects.toMatchObject({ row });
  });

  it('covers every rule', () => {
    const broken = new Set(FORGERIES.map(({ rule }) => rule));
    const rules = ['boolean', 'prefix', 'inactive', 'product', 'lookup', 'mask'];
    const edges = ['z start', 'z end', 'h start', 'h end', 'd end', 'min', 'max'];
    expect([...broken].sort()).toEqual([...rules, ...edges, 'coprime 0', 'coprime 1', 'derivative'].sort());
  });
});

describe('a C_d of which no row could ever be opened', () => {
  const { Point: G1 } = bls12_381.G1;
  /** A point of the curve of small order: what is left of one outside the subgroup. */
  const outside = G1.fromAffine({ x: 4n, y: bls12_381.fields.Fp.sqrt(4n ** 3n + 4n) });
  const small = outside.multiplyUnsafe(FIELD_ORDER - 1n).add(outside);
  const unknown = bls12_381.G1.hashToCurve(Buffer.from('nobody knows a polynomial of it'));

  /** The library writes no point outside the subgroup. */
  const compressed = ({ x, y }: { x: bigint; y: bigint }): Buffer => {
    const bytes = Buffer.from(x.toString(16).padStart(96, '0'), 'hex');
    bytes[0]! |= 2n * y > bls12_381.fields.Fp.ORDER ? 0xa0 : 0x80;
    return bytes;
  };

  let curve: Curve;
  let ceremony: VerifyingCeremony;
  let usual: Case;
  beforeAll(async () => {
    curve = await loadCurve();
    ceremony = await verifyingCeremony();
    usual = await withUbos({ rows })();
  });

  /** The curve that takes for C_d what `read` makes of its bytes. */
  const lenientCurve = (read: (bytes: Uint8Array) => Point): Curve =>
    new Proxy(curve, {
      get(real, name) {
        if (name === 'decode')
          return (label: string, bytes: Uint8Array) =>
            label === 'suppliers: commitment d' ? read(bytes) : real.decode(label, bytes);
        const member: unknown = Reflect.get(real, name, real);
        return typeof member === 'function' ? (member.bind(real) as unknown) : member;
      },
    });
  const rejection = async (d: Uint8Array, rule: string, lenient: Curve) => {
    const statement = callingDocuments(usual.statement, d);
    const forged = await forge({ statement, secrets: usual.secrets }, rule, {});
    const without = new Verifier(lenient, ceremony, new PreparedCache(curve), new Without(rule));
    expect(() => without.verify(statement, forged)).not.toThrow();
    expect(secondVerifier(secondStatement(statement), forged)).toBe(false);
    try {
      new Verifier(curve, ceremony).verify(statement, forged);
    } catch (error) {
      return (error as Error).message;
    }
    throw new Error('accepted');
  };

  it('is rejected: a point whose polynomial nobody knows, though it is one of the subgroup', async () => {
    expect(await rejection(unknown.toBytes(true), 'd end', curve)).toContain('the pairing equation');
  });

  it('is rejected: one with a part of small order, which the pairing does not see', async () => {
    const shifted = G1.fromBytes(usual.statement.lists[0]!.commitments.d).add(small);
    const unchecked = lenientCurve((bytes) => curve.decodePinned([bytes])[0]!);
    expect(await rejection(compressed(shifted.toAffine()), 'none', unchecked)).toContain('not a point of the subgroup');
  });

  it.each([
    ['bytes that are no point', Buffer.alloc(48, 0x9f), 'not a point'],
    ['the point at infinity', Buffer.concat([Buffer.from([0xc0]), Buffer.alloc(47)]), 'at infinity'],
  ])('is rejected: %s', async (_, d, why) => {
    const passedOver = lenientCurve(() => ceremony.generator);
    expect(await rejection(d, 'd end', passedOver)).toContain(why);
  });
});
