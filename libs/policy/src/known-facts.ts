import { jcsText } from '@cap/core';
import type { Digest } from '@cap/crypto';
import { countryNumber, identifier, type IdScheme } from '@cap/lists';
import { codeOf, type Coded } from './codes.js';
import type { DisclosedRow, EvaluationContext, Fact } from './facts.js';

type FactOf<K extends Fact['kind']> = Extract<Fact, { kind: K }>;

/** The facts about one list. What many rules ask of them is worked out once, so that rules and rows do not multiply. */
export class ListFacts {
  /** The smallest interval that all count facts together leave. */
  readonly min: number;
  readonly max: number;
  /** Schemes under which no two rows are the same. */
  readonly distinct: ReadonlySet<IdScheme>;
  /** Hashes of the tables that every row's code is in. */
  readonly tables: ReadonlySet<Digest>;
  readonly #disjoint: ReadonlyMap<string, FactOf<'disjoint'>[]>;
  readonly #disclosed: readonly FactOf<'disclosed'>[];
  readonly #listed = new Map<string, boolean>();
  readonly #outside = new Map<Digest, boolean>();
  readonly #opened = new Map<string, { opened: number; withValue: ReadonlyMap<string, number> }>();
  #coded: readonly DisclosedRow[] | undefined;

  constructor(facts: readonly Fact[]) {
    const ofKind = <K extends Fact['kind']>(kind: K) => facts.filter((fact): fact is FactOf<K> => fact.kind === kind);
    const counts = ofKind('count');
    this.min = counts.reduce((most, { min }) => Math.max(most, min ?? 0), 0);
    this.max = counts.reduce((least, { max }) => Math.min(least, max ?? Infinity), Infinity);
    this.distinct = new Set(ofKind('distinct').map(({ id_scheme }) => id_scheme));
    this.tables = new Set(ofKind('rows_allowed').map(({ table_hash }) => table_hash));
    this.#disjoint = Map.groupBy(ofKind('disjoint'), ({ reference_list, hash }) => `${hash} ${reference_list}`);
    this.#disclosed = ofKind('disclosed');
  }

  /** That no row is on the reference list with this hash, under the scheme. */
  disjoint(referenceList: string, hash: Digest, scheme: IdScheme): FactOf<'disjoint'> | undefined {
    const own = this.#disjoint.get(`${hash} ${referenceList}`);
    return own?.find(({ id_scheme }) => id_scheme === scheme);
  }

  /** Whether an opened row is on the reference list, under the scheme. */
  hasListedRow(referenceList: string, scheme: IdScheme, context: EvaluationContext): boolean {
    const key = `${scheme} ${referenceList}`;
    const known = this.#listed.get(key);
    if (known !== undefined) return known;
    const listed = context.listedIdentifiers(referenceList, scheme)?.identifiers;
    const isListed = ({ fields }: DisclosedRow) => listed?.has(identifier(fields as object, scheme) ?? '') ?? false;
    const found = this.#disclosed.some(({ rows }) => rows.some(isListed));
    this.#listed.set(key, found);
    return found;
  }

  /** Whether an opened row's code is outside the table whatever its unopened fields hold. */
  hasRowOutside({ codes, table_hash }: { codes: ReadonlySet<number>; table_hash: Digest }): boolean {
    const known = this.#outside.get(table_hash);
    if (known !== undefined) return known;
    this.#coded ??= codedRows(this.#disclosed);
    const found = this.#coded.some((row) => neverAllowed(row, codes));
    this.#outside.set(table_hash, found);
    return found;
  }

  /** The number of opened rows in which the field is open, and of those with each value (as JCS). */
  opened(field: string): { opened: number; withValue: ReadonlyMap<string, number> } {
    const known = this.#opened.get(field);
    if (known) return known;
    const rows = new Map(this.#disclosed.flatMap((fact) => fact.rows.map((row) => [row.index, row] as const)));
    const withValue = new Map<string, number>();
    let opened = 0;
    for (const { fields } of rows.values())
      if (field in fields) {
        opened++;
        const value = jcsText(fields[field]);
        withValue.set(value, (withValue.get(value) ?? 0) + 1);
      }
    const found = { opened, withValue };
    this.#opened.set(field, found);
    return found;
  }
}

const NOTHING = new ListFacts([]);

/** The established facts by list. */
export class KnownFacts {
  readonly #lists: ReadonlyMap<string, ListFacts>;

  constructor(facts: readonly Fact[]) {
    const byList = Map.groupBy(facts, ({ list }) => list);
    this.#lists = new Map([...byList].map(([list, own]) => [list, new ListFacts(own)]));
  }

  of(list: string): ListFacts {
    return this.#lists.get(list) ?? NOTHING;
  }
}

/** One opened row for each combination of code fields: there are few, however many rows. */
function codedRows(disclosed: readonly FactOf<'disclosed'>[]): DisclosedRow[] {
  const rows = new Map<string, DisclosedRow>();
  for (const fact of disclosed)
    for (const row of fact.rows) {
      const { jurisdiction, citizenship, tier, due_diligence } = row.fields;
      rows.set(JSON.stringify({ jurisdiction, citizenship, tier, due_diligence }), row);
    }
  return [...rows.values()];
}

/** True if the row's code is outside the table whatever its unopened fields hold. */
function neverAllowed({ fields }: DisclosedRow, codes: ReadonlySet<number>): boolean {
  const country = 'jurisdiction' in fields ? fields.jurisdiction : fields.citizenship;
  if (country === undefined) return false;
  if (typeof country !== 'string' || countryNumber(country) === undefined) return true; // an unknown country is in no table
  const tiers = 'tier' in fields || 'citizenship' in fields ? [{}] : [{ tier: 1 }, { tier: 2 }];
  const care =
    'due_diligence' in fields || 'citizenship' in fields ? [{}] : [{ due_diligence: false }, { due_diligence: true }];
  return tiers.every((tier) =>
    care.every((diligence) => !codes.has(codeOf({ ...(fields as Coded), ...tier, ...diligence }))),
  );
}
