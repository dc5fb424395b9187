import { describe, expect, it } from '@jest/globals';
import { parseColumns } from './csv.js';

describe('--columns', () => {
  it('maps fields to headers', () => {
    expect([...parseColumns('name=Firma,ubos.name=Voller Name')]).toEqual([
      ['name', 'Firma'],
      ['ubos.name', 'Voller Name'],
    ]);
    expect(parseColumns(undefined).size).toBe(0);
  });

  it('takes a comma or an equals sign in a header after a backslash', () => {
    expect(parseColumns('name=Name\\, Rechtsform,tier=Stufe \\= Tier').get('name')).toBe('Name, Rechtsform');
    expect(parseColumns('name=Name\\, Rechtsform,tier=Stufe \\= Tier').get('tier')).toBe('Stufe = Tier');
  });

  it.each(['name', 'name=', '=Firma', 'name=a=b', 'name=a,name=b', ''])('refuses %j', (text) => {
    expect(() => parseColumns(text)).toThrow(expect.objectContaining({ kind: 'usage' }));
  });
});
