import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '@cap/core';
import { evaluateRules } from '@cap/policy';
import { TABLE_VERSIONS, type ColumnPoints, type ColumnsCommitment, type Manifest } from '../../manifest/manifest.js';
import type { ProofContext } from '../backend.js';
import { policyOf, proving, RULES } from '../proving.fixture.js';
import { evaluationContext } from '../prover-checks.js';
import { policyStatement } from './policy-statement.js';
import { withCommitments } from './proving-columns.fixture.js';
import { valueCount } from './statement.js';

const { few, some, owned, distinct, clean, cleanUbos, safe } = RULES;
const point = (digit: string) => `0x${digit.repeat(96)}`;
const POINTS: ColumnPoints = { x: point('a'), r: point('b'), d: point('c') };

const columns = (more: Partial<ColumnsCommitment> = {}): ColumnsCommitment => ({
  list: 'suppliers',
  scheme: 'kzg-columns.v1',
  id_scheme: 'name',
  ...TABLE_VERSIONS,
  segments: [POINTS],
  ...more,
});
const UBO_COLUMNS = columns({ list: 'ubos', id_scheme: 'person' });
const UBO_LEAVES = proving(policyOf(few)).context.manifest.commitments.find(({ list }) => list === 'ubos')!;

function contextOf(rules: readonly JsonObject[], commitments: Manifest['commitments'] = [columns(), UBO_COLUMNS]) {
  return withCommitments(proving(policyOf(...rules)).context, commitments);
}
const asked = (rules: readonly JsonObject[], commitments?: Manifest['commitments']) =>
  policyStatement(contextOf(rules, commitments))!;

describe('a policy as a statement', () => {
  it('is about the lists that rules are about, suppliers first, and nothing else', () => {
    expect(asked([cleanUbos, few]).statement.lists.map(({ name, n }) => [name, n])).toEqual([
      ['suppliers', 1024],
      ['ubos', 512],
    ]);
    expect(asked([owned]).statement.lists.map(({ name }) => name)).toEqual(['ubos']);
  });

  it('has the bounds that all rules over a count leave, and none where there is none', () => {
    const bounds = (...rules: JsonObject[]) => {
      const [list] = asked(rules).statement.lists;
      return [list!.min, list!.max];
    };
    expect(bounds(few)).toEqual([0, 10]);
    expect(bounds(some, few)).toEqual([2, 10]);
    expect(bounds(clean)).toEqual([0, 1013]);
    const count = (id: string, op: string, rhs: number | number[]) => ({ id, op, lhs: 'supplier_count', rhs });
    expect(bounds(count('a', 'range_max', 5000))).toEqual([0, 1013]);
    expect(bounds(count('a', 'eq', 7))).toEqual([7, 7]);
    expect(bounds(count('a', 'in', [3, 4, 5]))).toEqual([3, 5]);
    expect(bounds(count('a', 'in', [1, 2, 3, 7]), count('b', 'range_max', 3))).toEqual([1, 3]);
  });

  it('settles every rule that it can state, and only by its facts', () => {
    const rules = [few, some, owned, distinct, clean, cleanUbos, safe];
    const context = contextOf(rules);
    const { facts, unprovable } = policyStatement(context)!;
    expect(unprovable).toEqual([]);
    const results = evaluateRules(context.policy, facts, 'proven', evaluationContext(context));
    expect(results.map(({ rule_id, status }) => [rule_id, status]).sort()).toEqual(
      rules.map(({ id }) => [id, 'proven']).sort(),
    );
  });

  it('does not settle a count with gaps, though it bounds it', () => {
    const context = contextOf([{ id: 'gap', op: 'in', lhs: 'supplier_count', rhs: [2, 5] }]);
    const { facts } = policyStatement(context)!;
    const [result] = evaluateRules(context.policy, facts, 'proven', evaluationContext(context));
    expect(result!.status).toBe('unproven');
  });

  it('has a table of the codes that every rule allows, or of all there are', () => {
    const countries = (...of: string[]) => ({ op: 'in', lhs: 'suppliers.code', rhs: { countries: of } });
    const codes = (...rules: JsonObject[]) => asked(rules).statement.lists[0]!.table.codes;
    expect(codes(few)).toHaveLength(4 * 249);
    expect(asked([owned]).statement.lists[0]!.table.codes).toHaveLength(249);
    const [de, both] = [codes({ id: 'a', ...countries('DE') }), codes({ id: 'a', ...countries('DE', 'FR') })];
    expect(de).toHaveLength(4);
    expect(codes({ id: 'a', ...countries('DE', 'FR') }, { id: 'b', ...countries('DE', 'PL') })).toEqual(de);
    expect(both.filter((code) => de.includes(code))).toEqual(de);
    const none = asked([
      { id: 'a', ...countries('DE') },
      { id: 'b', ...countries('FR') },
    ]);
    expect(none.unprovable.map(({ rule_id }) => rule_id)).toEqual(['a', 'b']);
    expect(none.statement.lists).toEqual([]);
  });

  it('names each reference list once, as of the day that the manifest names', () => {
    const context = contextOf([clean, { ...clean, id: 'again' }]);
    const [list] = policyStatement(context)!.statement.lists;
    expect(list!.references).toMatchObject([{ id: 'sanctions', asOf: '2026-01-10' }]);
    expect(valueCount(list!.references[0]!)).toBe(2);
    const held = new Map(context.referenceLists);
    held.set('sanctions', { ...held.get('sanctions')!, as_of: '2026-01-11' });
    const other = policyStatement({ ...context, referenceLists: held })!.statement.lists[0]!;
    expect(other.references[0]!.asOf).toBe('2026-01-10');
  });

  it('says which rules it can not state, and why', () => {
    const share = {
      id: 'share',
      op: 'threshold',
      lhs: { list: 'suppliers', where: { field: 'due_diligence', eq: true } },
      rhs: '0.5',
    };
    const { unprovable, statement } = asked([share, few, owned], [columns(), UBO_LEAVES]);
    expect(unprovable).toEqual([
      { rule_id: 'share', why: expect.stringContaining('share of rows') },
      { rule_id: 'owned', why: expect.stringContaining('no kzg-columns.v1 commitment of ubos') },
    ]);
    expect(statement.lists.map(({ name }) => name)).toEqual(['suppliers']);
    expect(asked([{ ...clean, scheme: 'id' }]).unprovable).toEqual([
      { rule_id: 'clean', why: expect.stringContaining('compares by id') },
    ]);
  });

  it('is none without a policy, or without a list that a rule needs', () => {
    const context: ProofContext = contextOf([clean, safe]);
    expect(policyStatement({ ...context, policy: null })).toBeNull();
    for (const id of ['sanctions', 'jurisdictions']) {
      const held = new Map(context.referenceLists);
      held.delete(id);
      expect(policyStatement({ ...context, referenceLists: held })).toBeNull();
    }
  });

  it('takes a long list in segments: all full but the last, which the bounds are about', () => {
    const three = columns({ segments: [POINTS, POINTS, POINTS] });
    const bounds = (...rules: JsonObject[]) =>
      asked(rules, [three, UBO_COLUMNS]).statement.lists.map(({ name, min, max }) => [name, min, max]);
    const count = (op: string, rhs: number) => ({ id: op, op, lhs: 'supplier_count', rhs });
    expect(bounds(count('range_min', 2100), count('range_max', 2500))).toEqual([
      ['suppliers', 1013, 1013],
      ['suppliers', 1013, 1013],
      ['suppliers', 74, 474],
    ]);
    expect(bounds(count('range_min', 10)).at(-1)).toEqual(['suppliers', 0, 1013]);
    expect(asked([count('range_min', 10)], [three, UBO_COLUMNS]).facts).toContainEqual({
      kind: 'count',
      list: 'suppliers',
      min: 2026,
      max: 3039,
    });
    for (const rule of [count('range_max', 2000), count('range_min', 3040)]) {
      const { unprovable, statement } = asked([rule], [three, UBO_COLUMNS]);
      expect(unprovable).toMatchObject([{ rule_id: rule.id }]);
      expect(statement.lists).toEqual([]);
    }
  });
});
