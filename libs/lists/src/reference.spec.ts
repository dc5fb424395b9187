import { describe, expect, it } from '@jest/globals';
import { sha3Text } from '@cap/crypto';
import { identifier } from './identifier.js';
import type { SanctionsEntry, SupplierRow } from './fields.js';
import { ReferenceList, referenceListKind, SanctionsList } from './reference.js';

const bytes = (text: string) => Buffer.from(text);
const supplier = (name: string, jurisdiction: string, id = 'none'): SupplierRow => ({
  name,
  jurisdiction,
  tier: 1,
  id,
});

describe('reference lists', () => {
  it('reads sanctions, one alias a line, and names the raw bytes by SHA3-256', () => {
    const csv = bytes('name,birthdate,nationality,id\r\n"Vespuzen, Yevor",1953-10-20,EE,EX-1\r\nNoxious Ltd,,,\r\n');
    const list = new ReferenceList(csv);
    expect(list.hash).toBe(sha3Text(csv));
    expect(list.sanctions()).toMatchObject({
      kind: 'sanctions',
      entries: [
        { name: 'Vespuzen, Yevor', birthdate: '1953-10-20', nationality: 'EE', id: 'EX-1' },
        { name: 'Noxious Ltd' },
      ],
      lines: [2, 3],
    });
  });

  it('reads jurisdictions, and refuses a country with two risks', () => {
    const list = new ReferenceList(bytes('iso_code,risk_level\nDE,low\nKP,high\n')).jurisdictions();
    expect([...list.risks]).toEqual([
      ['DE', 'low'],
      ['KP', 'high'],
    ]);
    expect(list).toMatchObject({
      kind: 'jurisdictions',
      entries: [
        { iso_code: 'DE', risk_level: 'low' },
        { iso_code: 'KP', risk_level: 'high' },
      ],
    });
    expect(() => new ReferenceList(bytes('iso_code,risk_level\nDE,low\nDE,high\n')).jurisdictions()).toThrow(
      'jurisdictions.csv:3 (iso_code): duplicate country DE',
    );
  });

  it('names every bad row', () => {
    const csv = bytes('name,birthdate,nationality\nA,1953,EE\n,,\n,,EE\nB,,Estonia\n');
    expect(() => new ReferenceList(csv, 'eu.csv').sanctions()).toThrow(
      /eu\.csv:2 \(birthdate\).*\n.*eu\.csv:3: an empty row.*\n.*eu\.csv:4 \(name\).*delete the row if it isn't an entry\n.*eu\.csv:5 \(nationality\)/,
    );
    expect(() => new ReferenceList(bytes('iso_code,risk_level\nDE,none\n')).jurisdictions()).toThrow(
      'low, medium or high',
    );
  });

  it('is parsed once, right or wrong, and keeps what is derived from it', () => {
    const list = new ReferenceList(bytes('name,nationality\nNoxious Ltd,RU\n'));
    expect(list.sanctions()).toBe(list.sanctions());
    expect(list.sanctions().identifiers('name')).toBe(list.sanctions().identifiers('name'));
    let derived = 0;
    const derivation = ({ hash }: ReferenceList) => `${hash} ${++derived}`;
    expect([list.derive(derivation), list.derive(derivation)]).toEqual([`${list.hash} 1`, `${list.hash} 1`]);
    const errorOf = (parse: () => unknown) => {
      try {
        return parse();
      } catch (error) {
        return error;
      }
    };
    const first = errorOf(() => list.jurisdictions());
    expect(first).toMatchObject({ code: 'list.invalid' });
    expect(errorOf(() => list.jurisdictions())).toBe(first);
  });

  it('finds the first entry with an identifier', () => {
    const csv = bytes('name,nationality,id\nOther,DE,\nNoxious Ltd,RU,N-1\nNOXIOUS LTD,RU,N-2\n');
    const list = new ReferenceList(csv).sanctions();
    expect(list.find(identifier(supplier('Noxious Ltd', 'RU'), 'name')!, 'name')).toEqual({
      line: 3,
      name: 'Noxious Ltd',
      id: 'N-1',
    });
    expect(list.find(identifier(supplier('Noxious Ltd', 'FR'), 'name')!, 'name')).toBeUndefined();
    expect(list.unmatchable).toEqual({ id: 1, name: 0, person: 3 });
  });

  it('is told by its id', () => {
    expect(['jurisdictions', 'sanctions', 'eu-consolidated'].map(referenceListKind)).toEqual([
      'jurisdictions',
      'sanctions',
      'sanctions',
    ]);
  });
});

describe('identifiers on a sanctions list', () => {
  const entries: SanctionsEntry[] = [
    { name: 'Noxious Ltd', nationality: 'RU' },
    { name: 'Yevor Vespuzen', birthdate: '1953-10-20', nationality: 'EE', id: 'EX-1' },
    { name: 'Nameless' },
  ];
  const list = new SanctionsList(entries, [2, 3, 4]);
  it('match rows exactly after normalisation, nationality standing for the country', () => {
    const byName = list.identifiers('name').identifiers;
    expect(byName.has(identifier(supplier('NOXIOUS ltd.', 'RU'), 'name')!)).toBe(true);
    expect(byName.has(identifier(supplier('NOXIOUS ltd.', 'DE'), 'name')!)).toBe(false);
    const byPerson = list.identifiers('person').identifiers;
    expect(
      byPerson.has(identifier({ name: 'yevor vespuzen', birthdate: '1953-10-20', citizenship: 'FR' }, 'person')!),
    ).toBe(true);
    const byId = list.identifiers('id').identifiers;
    expect(byId.has(identifier(supplier('Whoever', 'DE', 'ex 1'), 'id')!)).toBe(true);
  });
  it('counts the entries that can match nothing under a scheme', () => {
    expect(list.identifiers('name')).toMatchObject({ entries: 3, usable: 2 });
    expect(list.identifiers('person')).toMatchObject({ entries: 3, usable: 1 });
    expect(list.identifiers('id')).toMatchObject({ entries: 3, usable: 1 });
    expect(list.identifiers('id').identifiers.size).toBe(1);
  });
  it('have no characters that nobody sees: such a list is refused where it is read', () => {
    for (const line of ['Noxious\u200c Ltd,RU,', 'Noxious Ltd,RU,EX\u2065'])
      expect(() => new ReferenceList(bytes(`name,nationality,id\n${line}\n`)).sanctions()).toThrow(/U\+20(0C|65)/);
  });
});
