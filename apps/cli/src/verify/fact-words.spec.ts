import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '@cap/core';
import { factWords } from './fact-words.js';

const list = 'suppliers';
const reference = { list, reference_list: 'sanctions', hash: '0x00', id_scheme: 'name' };

describe('the fact that settles a rule, in words', () => {
  it.each<[JsonObject, en: string, de: string]>([
    [{ kind: 'count', list, min: 3, max: 3 }, 'suppliers: row count 3', 'suppliers: Zeilenzahl 3'],
    [
      { kind: 'count', list, min: 1, max: 3 },
      'suppliers: row count at least 1, at most 3',
      'suppliers: Zeilenzahl mindestens 1, höchstens 3',
    ],
    [
      { kind: 'disjoint', ...reference },
      'suppliers: no row is on the list sanctions (compared by name and country; register numbers are not compared)',
      'suppliers: keine Zeile steht auf der Liste sanctions (verglichen nach Name und Land; Registernummern werden nicht verglichen)',
    ],
    [
      { kind: 'listed', ...reference },
      'suppliers: a row is on the list sanctions (compared by name and country; register numbers are not compared)',
      'suppliers: eine Zeile steht auf der Liste sanctions (verglichen nach Name und Land; Registernummern werden nicht verglichen)',
    ],
    [
      { kind: 'disjoint', ...reference, id_scheme: 'iris' },
      'suppliers: no row is on the list sanctions (compared by "iris")',
      'suppliers: keine Zeile steht auf der Liste sanctions (verglichen nach "iris")',
    ],
    [
      { kind: 'rows_allowed', list },
      "suppliers: every row's country is allowed",
      'suppliers: das Land jeder Zeile ist zulässig',
    ],
    [
      { kind: 'row_not_allowed', list },
      "suppliers: a row's country is not allowed",
      'suppliers: das Land einer Zeile ist nicht zulässig',
    ],
    [
      { kind: 'disclosed', list, field: 'tier', matching: 3, total: 4 },
      'suppliers: 3 of 4 rows match (tier)',
      'suppliers: 3 von 4 Zeilen erfüllen die Bedingung (tier)',
    ],
    [{ kind: 'claim', ok: true }, 'the prover says that it holds', 'der Beweisführer sagt, dass sie gilt'],
    [
      { kind: 'claim', ok: false },
      'the prover says that it does not hold',
      'der Beweisführer sagt, dass sie nicht gilt',
    ],
    [{ kind: 'later', list }, '{"kind":"later","list":"suppliers"}', '{"kind":"later","list":"suppliers"}'],
  ])('%j', (fact, en, de) => {
    expect([factWords(fact, 'en'), factWords(fact, 'de')]).toEqual([en, de]);
  });

  it('is nothing where nothing settles it', () => {
    expect(factWords(null, 'en')).toBe('');
  });
});
