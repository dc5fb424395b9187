import { describe, expect, it } from '@jest/globals';
import { sha3Text } from '@cap/crypto';
import { identifier } from './identifier.js';
import { listedIdentifiers, parseReferenceList, referenceListKind, type SanctionsEntry } from './reference.js';
import { type SupplierRow } from './rows.js';

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
    expect(parseReferenceList('sanctions', csv)).toEqual({
      kind: 'sanctions',
      hash: sha3Text(csv),
      entries: [
        { name: 'Vespuzen, Yevor', birthdate: '1953-10-20', nationality: 'EE', id: 'EX-1' },
        { name: 'Noxious Ltd' },
      ],
      lines: [2, 3],
    });
  });

  it('reads jurisdictions, and refuses a country with two risks', () => {
    expect(parseReferenceList('jurisdictions', bytes('iso_code,risk_level\nDE,low\nKP,high\n'))).toMatchObject({
      kind: 'jurisdictions',
      entries: [
        { iso_code: 'DE', risk_level: 'low' },
        { iso_code: 'KP', risk_level: 'high' },
      ],
    });
    expect(() => parseReferenceList('jurisdictions', bytes('iso_code,risk_level\nDE,low\nDE,high\n'))).toThrow(
      'jurisdictions.csv:3 (iso_code): DE stands there twice',
    );
  });

  it('names every bad row', () => {
    const csv = bytes('name,birthdate,nationality\nA,1953,EE\n,,\n,,EE\nB,,Estonia\n');
    expect(() => parseReferenceList('sanctions', csv, 'eu.csv')).toThrow(
      /eu\.csv:2 \(birthdate\).*\n.*eu\.csv:3: an empty row.*\n.*eu\.csv:4 \(name\).*delete the row if it is no entry\n.*eu\.csv:5 \(nationality\)/,
    );
    expect(() => parseReferenceList('jurisdictions', bytes('iso_code,risk_level\nDE,none\n'))).toThrow(
      'low, medium or high',
    );
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
  it('match rows exactly after normalisation, nationality standing for the country', () => {
    const byName = listedIdentifiers(entries, 'name').identifiers;
    expect(byName.has(identifier(supplier('NOXIOUS ltd.', 'RU'), 'name')!)).toBe(true);
    expect(byName.has(identifier(supplier('NOXIOUS ltd.', 'DE'), 'name')!)).toBe(false);
    const byPerson = listedIdentifiers(entries, 'person').identifiers;
    expect(
      byPerson.has(identifier({ name: 'yevor vespuzen', birthdate: '1953-10-20', citizenship: 'FR' }, 'person')!),
    ).toBe(true);
    const byId = listedIdentifiers(entries, 'id').identifiers;
    expect(byId.has(identifier(supplier('Whoever', 'DE', 'ex 1'), 'id')!)).toBe(true);
  });
  it('counts the entries that can match nothing under a scheme', () => {
    expect(listedIdentifiers(entries, 'name')).toMatchObject({ entries: 3, usable: 2 });
    expect(listedIdentifiers(entries, 'person')).toMatchObject({ entries: 3, usable: 1 });
    expect(listedIdentifiers(entries, 'id')).toMatchObject({ entries: 3, usable: 1 });
    expect(listedIdentifiers(entries, 'id').identifiers.size).toBe(1);
  });
  it('have no characters that nobody sees: such a list is refused where it is read', () => {
    for (const line of ['Noxious\u200c Ltd,RU,', 'Noxious Ltd,RU,EX\u2065'])
      expect(() => parseReferenceList('sanctions', bytes(`name,nationality,id\n${line}\n`))).toThrow(/U\+20(0C|65)/);
  });
});
