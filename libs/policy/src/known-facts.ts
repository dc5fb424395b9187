import { jcsText, type Digest } from '@cap/crypto';
import { codeOf, type Coded } from './codes.js';
import { countryNumber } from './countries.js';
import { type EvaluationContext } from './evaluate.js';
import { type DisclosedRow, type Fact, type IdScheme } from './facts.js';
import { identifier } from './identifier.js';

type FactOf<K extends Fact['kind']> = Extract<Fact, { kind: K }>;

/** The facts about one list. What many rules ask of them is worked out once, so that rules and rows do not multiply. */
export class ListFacts {
  /** The smallest interval that all count facts together leave. */
  readonly min: number;
  readonly max: number;
  readonly distinct: boolean;
  /** Hashes of the tables that every row's code is in. */
  readonly tables: ReadonlySet<Digest>;
  readonly #disjoint: ReadonlyMap<string, FactOf<'disjoint'>[]>;
  readonly #disclosed: readonly FactOf<'disclosed'>[];
  readonly #listed = new Map<string, IdScheme | null>();
  readonly #outside = new Map<Digest, boolean>();
  readonly #opened = new Map<string, { opened: number; withValue: ReadonlyMap<string, number> }>();
  #coded: readonly DisclosedRow[] | undefined;

  constructor(facts: readonly Fact[]) {
    const ofKind = <K extends Fact['kind']>(kind: K) => facts.filter((fact): fact is FactOf<K> => fact.kind === kind);
    const counts = ofKind('count');
    this.min = counts.reduce((most, { min }) => Math.max(most, min ?? 0), 0);
    this.max = counts.reduce((least, { max }) => Math.min(least, max ?? Infinity), Infinity);
    this.distinct = ofKind('distinct').length > 0;
    this.tables = new Set(ofKind('rows_allowed').map(({ table_hash }) => table_hash));
    this.#disjoint = Map.groupBy(ofKind('disjoint'), ({ reference_list, hash }) => `${hash} ${reference_list}`);
    this.#disclosed = ofKind('disclosed');
  }

  /** That no row is on the reference list with this hash, under the scheme or, without one, under any. */
  disjoint(referenceList: string, hash: Digest, scheme: IdScheme | undefined): FactOf<'disjoint'> | undefined {
    const own = this.#disjoint.get(`${hash} ${referenceList}`);
    return own?.find(({ id_scheme }) => scheme === undefined || scheme === id_scheme);
  }

  /** The scheme under which an opened row is on the reference list; null if none is. */
  listedUnder(referenceList: string, scheme: IdScheme | undefined, context: EvaluationContext): IdScheme | null {
    const key = `${scheme} ${referenceList}`;
    const known = this.#listed.get(key);
    if (known !== undefined) return known;
    const found = this.#findListed(referenceList, scheme, context);
    this.#listed.set(key, found);
    return found;
  }

  #findListed(referenceList: string, wanted: IdScheme | undefined, context: EvaluationContext): IdScheme | null {
    for (const { rows, id_scheme } of this.#disclosed) {
      const scheme = wanted ?? id_scheme;
      const listed = scheme && context.listedIdentifiers(referenceList, scheme);
      if (listed && rows.some(({ fields }) => listed.has(identifier(fields as object, scheme) ?? ''))) return scheme;
    }
    return null;
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

  /** In how many opened rows the field is open, and in how many of them with each value (as JCS). */
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
  if (typeof country !== 'string' || countryNumber(country) === undefined) return true; // no table has what is none
  const tiers = 'tier' in fields || 'citizenship' in fields ? [{}] : [{ tier: 1 }, { tier: 2 }];
  const care =
    'due_diligence' in fields || 'citizenship' in fields ? [{}] : [{ due_diligence: false }, { due_diligence: true }];
  return tiers.every((tier) =>
    care.every((diligence) => !codes.has(codeOf({ ...(fields as Coded), ...tier, ...diligence }))),
  );
}
