import type { JsonObject, JsonValue } from '@cap/core';
import { comparison, type IdScheme, type Language } from '@cap/lists';

const WORDS = {
  en: {
    count: 'row count',
    from: 'at least',
    to: 'at most',
    disjoint: 'no row is on the list',
    by: 'compared by',
    allowed: "every row's country is allowed",
    distinct: 'no two rows are the same',
    claim: { true: 'the prover says that it holds', false: 'the prover says that it does not hold' },
    listed: 'a row is on the list',
    forbidden: "a row's country is not allowed",
    share: '{matching} of {total} rows match',
  },
  de: {
    count: 'Zeilenzahl',
    from: 'mindestens',
    to: 'höchstens',
    disjoint: 'keine Zeile steht auf der Liste',
    by: 'verglichen nach',
    allowed: 'das Land jeder Zeile ist zulässig',
    distinct: 'keine zwei Zeilen sind gleich',
    claim: { true: 'der Beweisführer sagt, dass sie gilt', false: 'der Beweisführer sagt, dass sie nicht gilt' },
    listed: 'eine Zeile steht auf der Liste',
    forbidden: 'das Land einer Zeile ist nicht zulässig',
    share: '{matching} von {total} Zeilen erfüllen die Bedingung',
  },
} as const;

/** The fact that a rule's status follows from, in a few words. A fact of an unknown kind is shown as JSON. */
export function factWords(fact: JsonValue, language: Language): string {
  const words = WORDS[language];
  if (!isObject(fact)) return fact === null ? '' : JSON.stringify(fact);
  const list = `${fact.list as string}: `;
  switch (fact.kind) {
    case 'count': {
      const { min, max } = fact;
      if (min === max) return `${list}${words.count} ${min as number}`;
      const bounds = [min === undefined ? '' : `${words.from} ${min}`, max === undefined ? '' : `${words.to} ${max}`];
      return `${list}${words.count} ${bounds.filter(Boolean).join(', ')}`;
    }
    case 'disjoint':
      return `${list}${words.disjoint} ${fact.reference_list as string} (${words.by} ${schemeWords(fact.id_scheme, language)})`;
    case 'rows_allowed':
      return `${list}${words.allowed}`;
    case 'distinct':
      return `${list}${words.distinct}`;
    case 'claim':
      return words.claim[fact.ok === true ? 'true' : 'false'];
    case 'listed':
      return `${list}${words.listed} ${fact.reference_list as string} (${words.by} ${schemeWords(fact.id_scheme, language)})`;
    case 'row_not_allowed':
      return `${list}${words.forbidden}`;
    case 'disclosed':
      return `${list}${words.share
        .replace('{matching}', String(fact.matching))
        .replace('{total}', String(fact.total))} (${fact.field as string})`;
    default:
      return JSON.stringify(fact);
  }
}

/** A service of another version may know more schemes. */
export const schemeWords = (scheme: JsonValue | undefined, language: Language): string =>
  ID_SCHEMES.includes(scheme as IdScheme) ? comparison(scheme as IdScheme, language) : JSON.stringify(scheme);
const ID_SCHEMES: readonly IdScheme[] = ['id', 'name', 'person'];

const isObject = (value: JsonValue): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
