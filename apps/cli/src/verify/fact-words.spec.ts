import { describe, expect, it } from '@jest/globals';
import { factWords } from './fact-words.js';

describe('a fact in words', () => {
  it.each([
    [{ kind: 'count', list: 'ubos', min: 5, max: 5 }, 'ubos: row count 5', 'ubos: Zeilenzahl 5'],
    [{ kind: 'count', list: 'ubos', min: 1 }, 'ubos: row count at least 1', 'ubos: Zeilenzahl mindestens 1'],
    [
      { kind: 'disjoint', list: 'suppliers', reference_list: 'sanctions', hash: '0x1', id_scheme: 'name' },
      'suppliers: no row is on the list sanctions (matched by name)',
      'suppliers: keine Zeile steht auf der Liste sanctions (verglichen nach name)',
    ],
    [
      { kind: 'rows_allowed', list: 'suppliers', table_hash: '0x1' },
      'suppliers: every row is allowed',
      'suppliers: jede Zeile ist zulässig',
    ],
    [{ rule_id: 'few', ok: true }, '{"rule_id":"few","ok":true}', '{"rule_id":"few","ok":true}'],
    [null, '', ''],
  ])('%j', (fact, en, de) => {
    expect(factWords(fact, 'en')).toBe(en);
    expect(factWords(fact, 'de')).toBe(de);
  });
});
