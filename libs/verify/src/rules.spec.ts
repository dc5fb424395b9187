import { describe, expect, it } from '@jest/globals';
import type { Fact, FactStrength } from '@cap/policy';
import { policyOf } from '../../proof/src/backends/proving.fixture.js';
import type { CheckedManifest } from './manifests.js';
import { verifyRules, NOTHING_KNOWN } from './rules.js';
import type { ProvenFacts } from './proofs.js';

const policy = policyOf(
  { id: 'most', op: 'range_max', lhs: 'supplier_count', rhs: 10 },
  { id: 'least', op: 'range_min', lhs: 'supplier_count', rhs: 3 },
);
const TIER_ONE = { field: 'tier', eq: 1 };
const judged = (file: string) => ({ file }) as CheckedManifest;
const first = judged('manifest.json');
const second = judged('second.json');
const max = (value: number): Fact => ({ kind: 'count', list: 'suppliers', max: value });
const both: Fact = { kind: 'count', list: 'suppliers', min: 5, max: 5 };
const facts = (manifest: CheckedManifest, strength: FactStrength, ...facts: Fact[]): ProvenFacts => ({
  manifest,
  strength,
  facts,
});
const claims = (manifest: CheckedManifest, most: boolean, least: boolean): ProvenFacts => ({
  manifest,
  strength: 'claimed',
  facts: [],
  claims: [
    { rule_id: 'most', ok: most },
    { rule_id: 'least', ok: least },
  ],
});

function statuses(established: ProvenFacts[], manifests = [first], own = true) {
  const results = verifyRules(
    { own: own ? policy : null, rules: policy },
    new Map(manifests.map((manifest) => [manifest.file, manifest])),
    established,
    () => NOTHING_KNOWN,
  );
  return Object.fromEntries(results.map(({ rule_id, status }) => [rule_id, status]));
}

describe('verifyRules', () => {
  it.each<[string, ProvenFacts[], object]>([
    ['nothing established', [], { most: 'unproven', least: 'unproven' }],
    ['facts that settle both', [facts(first, 'disclosed', both)], { most: 'disclosed', least: 'disclosed' }],
    [
      'the stronger proof',
      [facts(first, 'disclosed', both), facts(first, 'proven', both)],
      { most: 'proven', least: 'proven' },
    ],
    [
      'claims for what the facts leave open',
      [facts(first, 'disclosed', max(10)), claims(first, true, true)],
      { most: 'disclosed', least: 'claimed' },
    ],
    [
      'a claim that contradicts itself outweighs nothing less than a violation',
      [claims(first, true, false)],
      { most: 'claimed', least: 'violated' },
    ],
    [
      'facts that violate outweigh claims',
      [facts(first, 'disclosed', max(2)), claims(first, true, true)],
      { most: 'disclosed', least: 'violated' },
    ],
  ])('%s', (_, established, expected) => {
    expect(statuses(established)).toEqual(expected);
  });

  it('settles no rule by facts about two commitments, which may hold different rows', () => {
    const share = policyOf({ id: 'half', op: 'threshold', lhs: { list: 'suppliers', where: TIER_ONE }, rhs: '0.5' });
    const rows = [0, 1].map((index) => ({ index, fields: { tier: 1 } }));
    const shown = (total: number): Fact[] => [
      { kind: 'count', list: 'suppliers', max: total },
      { kind: 'disclosed', list: 'suppliers', complete: false, rows },
    ];
    const status = (...established: ProvenFacts[]) =>
      verifyRules(
        { own: share, rules: share },
        new Map([['manifest.json', first]]),
        established,
        () => NOTHING_KNOWN,
      )[0]!.status;
    expect(status(facts(first, 'disclosed', ...shown(4)))).toBe('disclosed');
    // Two of ten rows are of tier 1. That columns hold at most four rows makes them no half.
    expect(status(facts(first, 'disclosed', ...shown(10)), facts(first, 'proven', max(4)))).toBe('unproven');
  });

  it('asks every rule of every manifest, and the worse counts', () => {
    const shown = facts(first, 'disclosed', both);
    expect(statuses([shown], [first, second])).toEqual({ most: 'unproven', least: 'unproven' });
    expect(statuses([shown, claims(second, true, true)], [first, second])).toEqual({
      most: 'claimed',
      least: 'claimed',
    });
    expect(statuses([shown, facts(second, 'proven', both)], [first, second])).toEqual({
      most: 'disclosed',
      least: 'disclosed',
    });
  });

  it('lets nothing count for more than a claim if the policy is only the bundle’s', () => {
    expect(statuses([facts(first, 'proven', both)], [first], false)).toEqual({ most: 'claimed', least: 'claimed' });
  });

  it('has no rules without a policy, and unproven ones without a manifest', () => {
    expect(verifyRules({ own: null, rules: null }, new Map(), [], () => NOTHING_KNOWN)).toEqual([]);
    expect(statuses([], [])).toEqual({ most: 'unproven', least: 'unproven' });
  });
});
