import { beforeAll, describe, expect, it } from '@jest/globals';
import { verifyingCeremony, type VerifyingCeremony } from './ceremony.js';
import { caseOf, labour, randomElement, referenceList, rowsOf, segmentCase, type Case } from './columns.fixture.js';
import { type ColumnRow } from './columns.js';
import { loadCurve, type Curve } from './curve.js';
import { FIELD_ORDER, inverse, inverses, mod, randomScalars } from './field.js';
import { Identities, type Challenges, type Claim, type ListView } from './identities.js';
import {
  addScaled,
  combinedOverTree,
  derivative,
  evaluate,
  multiply,
  productTree,
  type Polynomial,
} from './polynomial.js';
import { FalseStatement, Prover, type ListState } from './prover.js';
import { Prepared, Verifier } from './verifier.js';

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

type Step = (state: ListState, challenges: Pick<Challenges, 'alpha' | 'beta'>) => void;

/** What a forger does differently; everything is left out of the honest prover's own checks. */
interface Cheat {
  activity?: Step;
  roots?: (state: ListState) => bigint[];
  slope?: Polynomial;
  running?: Step;
  cofactors?: (state: ListState) => void;
}

class Forger extends Prover {
  constructor(
    rule: string,
    private readonly cheat: Cheat,
    private readonly only: string,
  ) {
    super(labour, { identities: new Without(rule) });
  }
  #mine = ({ list }: ListState) => list.name === this.only;

  protected override check(): void {}
  protected override checkQuotient(): void {}
  protected override codeNotAllowed(): void {}

  protected override activity(state: ListState): void {
    const { list } = state;
    super.activity({ ...state, list: { ...list, min: 0, max: Infinity }, evaluations: state.evaluations });
    if (this.#mine(state)) this.cheat.activity?.(state, { alpha: 0n, beta: 0n });
  }
  protected override rootsOfA(state: ListState): readonly bigint[] {
    return (this.#mine(state) ? this.cheat.roots?.(state) : undefined) ?? state.roots;
  }
  protected override async cofactors(states: readonly ListState[]): Promise<void> {
    await super.cofactors(states);
    for (const state of states) this.cheat.cofactors?.(state);
  }
  protected override common({ domain }: ListState): Polynomial {
    return randomScalars(domain.u + 4);
  }
  protected override slopeOf(state: ListState): Polynomial {
    return this.cheat.slope ?? state.slope;
  }
  protected override runningColumns(state: ListState, challenges: Pick<Challenges, 'alpha' | 'beta'>): void {
    if (this.cheat.slope) state.slopeOfA = evaluate(this.cheat.slope, challenges.alpha);
    if (this.#mine(state)) this.cheat.running?.(state, challenges);
  }
}

/** The inverse of S_j modulo an A with one double root: inverted modulo the square-free part, then one Hensel step. */
function cofactorDespiteDuplicate(state: ListState, j: number): void {
  const different = [...new Set(state.roots)];
  const tree = productTree(different);
  const slope = derivative(tree.at(-1)![0]!);
  const chunk = state.chunks[j]!;
  const values = different.map((root) => mod(evaluate(chunk, root) * evaluate(slope, root)));
  const once = combinedOverTree(tree, inverses(values));
  state.columns.q[j] = multiply(once, addScaled([2n], multiply(chunk, once), -1n));
}

/** What the look-up sum is short of when a code is not in the table. */
function lookupDebt({ domain, evaluations, table }: ListState, { beta }: Pick<Challenges, 'beta'>): bigint {
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
const foreignRoots = ({ roots }: ListState) => roots.map((root, i) => (i === 7 ? 5n : root));
const badCode: ColumnRow[] = rows.map((row, i) => (i === 4 ? { ...row, r: 99n } : row));
const twice: ColumnRow[] = rows.map((row, i) => (i === 9 ? { ...row, x: rows[3]!.x } : row));
const withUbos = (suppliers: Parameters<typeof caseOf>[0][number]) => () =>
  caseOf([suppliers, { name: 'ubos', rows: rowsOf(2), min: 1, references: suppliers.references ?? [] }]);

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
        const own = foreignRoots({ roots } as ListState);
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
    const forged = await new Forger(rule, cheat, 'suppliers').prove(statement, secrets);
    const lenient = new Verifier(curve, ceremony, new Prepared(curve), new Without(rule));
    expect(() => lenient.verify(statement, forged)).not.toThrow();
    expect(() => new Verifier(curve, ceremony).verify(statement, forged)).toThrow('the pairing equation');

    const honest = new Prover(labour).prove(statement, secrets);
    await expect(honest).rejects.toThrow(FalseStatement);
    await expect(honest).rejects.toMatchObject({ row });
  });

  it('covers every rule', () => {
    const broken = new Set(FORGERIES.map(({ rule }) => rule));
    const rules = ['boolean', 'prefix', 'inactive', 'product', 'lookup', 'mask'];
    const edges = ['z start', 'z end', 'h start', 'h end', 'min', 'max'];
    expect([...broken].sort()).toEqual([...rules, ...edges, 'coprime 0', 'coprime 1', 'derivative'].sort());
  });
});
