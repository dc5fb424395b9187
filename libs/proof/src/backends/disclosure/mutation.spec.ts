import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { jcs, jcsText, type JsonObject, type JsonValue } from '@cap/core';
import type { Fact } from '@cap/policy';
import { policyOf, proving, RULES } from '../proving.fixture.js';
import { disclosure } from './disclosure.js';
import { disclosureProver } from './prove.js';

const { context, lists } = proving(policyOf(...Object.values(RULES)));
const payload = Buffer.from((await disclosureProver.prove(context, lists)).payload);
const honest = (await disclosure.verify(context, payload)).facts;

/** Is what `fact` says already said by the honest facts? */
function impliedByHonest(fact: Fact): boolean {
  const known = honest.filter((other) => other.kind === fact.kind && other.list === fact.list);
  switch (fact.kind) {
    case 'count':
      return known.some(
        (other) => other.kind === 'count' && (fact.min ?? 0) <= other.min! && (fact.max ?? Infinity) >= other.max!,
      );
    case 'disclosed':
      return known.some(
        (other) =>
          other.kind === 'disclosed' &&
          fact.rows.every((row) => {
            const fields = other.rows.find(({ index }) => index === row.index)?.fields ?? {};
            return Object.entries(row.fields).every(([name, value]) => fields[name] === value);
          }),
      );
    default:
      return known.some((other) => jcsText(other) === jcsText(fact));
  }
}

// structuredClone would give objects of another realm under jest, which JCS refuses.
const clone = <T extends JsonValue>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

/** Every place in the payload, as the path to it. */
function paths(value: JsonValue, path: (string | number)[] = []): (string | number)[][] {
  if (value === null || typeof value !== 'object') return [path];
  const members = Array.isArray(value) ? value.map((member, i) => [i, member] as const) : Object.entries(value);
  return [path, ...members.flatMap(([key, member]) => paths(member, [...path, key]))];
}
const parsed = JSON.parse(payload.toString()) as JsonObject;
const places = paths(parsed).filter((path) => path.length > 0);

const at = (root: JsonValue, path: (string | number)[]) =>
  path.reduce((value, key) => (value as Record<string | number, JsonValue>)[key]!, root);

function edit(
  path: (string | number)[],
  change: (parent: Record<string | number, JsonValue>, key: string | number) => void,
): JsonObject {
  const copy = clone(parsed);
  change(at(copy, path.slice(0, -1)) as Record<string | number, JsonValue>, path.at(-1)!);
  return copy;
}

describe('a changed disclosure', () => {
  it('is refused, whichever bit of it was flipped', async () => {
    const bit = fc.integer({ min: 0, max: payload.length * 8 - 1 });
    await fc.assert(
      fc.asyncProperty(bit, async (position) => {
        const flipped = Buffer.from(payload);
        flipped[position >> 3]! ^= 1 << (position & 7);
        const { binding, validity, facts } = await disclosure.verify(context, flipped);
        expect(binding.ok && validity.ok).toBe(false);
        expect(facts).toEqual([]);
      }),
      { numRuns: 600 },
    );
  });

  it('shows no more than the honest one, whatever member was left out, doubled, copied or replaced', async () => {
    const place = fc.constantFrom(...places);
    const value = fc.oneof(
      fc.constantFrom<JsonValue>(null, 0, 1, -1, 2 ** 53 - 1, true, false, '', 'DE', 'name', [], {}),
      fc.integer(),
      fc.string(),
      place.map((path) => at(parsed, path)),
    );
    const mutation = fc.oneof(
      place.map((path) =>
        edit(path, (parent, key) => {
          if (Array.isArray(parent)) parent.splice(key as number, 1);
          else delete parent[key];
        }),
      ),
      fc.tuple(place, value).map(([path, other]) => edit(path, (parent, key) => (parent[key] = clone(other)))),
      fc
        .tuple(place, fc.constantFrom('id', 'audit_date', 'due_diligence', 'name', 'tier', 'birthdate'))
        .map(([path, name]) =>
          edit(path, (parent, key) => {
            if (!Array.isArray(parent)) parent[name] = clone(parent[key]!);
            else parent.push(clone(parent[key as number]!));
          }),
        ),
    );
    let accepted = 0;
    await fc.assert(
      fc.asyncProperty(mutation, async (changed) => {
        const { binding, validity, facts } = await disclosure.verify(context, jcs(changed));
        if (!binding.ok || !validity.ok) return expect(facts).toEqual([]);
        accepted++;
        expect(facts.filter((fact) => !impliedByHonest(fact))).toEqual([]);
      }),
      { numRuns: 1_500 },
    );
    expect(accepted).toBeGreaterThan(0); // rows that are left out are no forgery: the property is not vacuous
  });

  it('never ends in an exception, whatever the payload is', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.uint8Array({ maxLength: 200 }),
          fc.json().map((text) => Buffer.from(text)),
        ),
        async (bytes) => {
          expect((await disclosure.verify(context, bytes)).binding.ok).toBe(false);
        },
      ),
    );
    const deep = Buffer.from('['.repeat(200_000) + ']'.repeat(200_000));
    expect((await disclosure.verify(context, deep)).binding.ok).toBe(false);
  });
});
