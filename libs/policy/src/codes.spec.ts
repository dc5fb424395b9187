import { describe, expect, it } from '@jest/globals';
import { blake3Text } from '@cap/crypto';
import { type RiskLevel, countryCodes, countryNumber } from '@cap/lists';
import { allowedTable, codeOf } from './codes.js';

describe('countries', () => {
  it('are the 249 codes, sorted, numbered from 1', () => {
    expect(countryCodes).toHaveLength(249);
    expect([...countryCodes].sort()).toEqual(countryCodes);
    expect(new Set(countryCodes).size).toBe(249);
    expect(countryCodes.every((code) => /^[A-Z]{2}$/.test(code))).toBe(true);
    expect(['AD', 'AE', 'DE', 'ZW'].map((code) => countryNumber(code))).toEqual([1, 2, 57, 249]);
    for (const code of ['de', 'XX', 'EU', 'UK', '', 'constructor']) expect(countryNumber(code)).toBeUndefined();
  });
});

describe('the code of a row', () => {
  it('is the country and, for suppliers, two flags', () => {
    expect(codeOf({ jurisdiction: 'DE' })).toBe(57);
    expect(codeOf({ jurisdiction: 'DE', tier: 1, due_diligence: false })).toBe(57);
    expect(codeOf({ jurisdiction: 'DE', due_diligence: true })).toBe(57 + 65536);
    expect(codeOf({ jurisdiction: 'DE', tier: 2 })).toBe(57 + 2 * 65536);
    expect(codeOf({ jurisdiction: 'DE', tier: 9, due_diligence: true })).toBe(57 + 3 * 65536);
    expect(codeOf({ citizenship: 'AD' })).toBe(1);
    expect(() => codeOf({ jurisdiction: 'XX' })).toThrow(RangeError);
  });
});

describe('the table of a rule', () => {
  const risks = new Map<string, RiskLevel>([
    ['AD', 'low'],
    ['AE', 'medium'],
    ['AF', 'high'],
  ]);
  const codes = (...args: Parameters<typeof allowedTable>) => allowedTable(...args).codes;
  const withFlags = (...countries: number[]) => [0, 1, 2, 3].flatMap((flag) => countries.map((n) => n + flag * 65536));

  it('has the countries below a risk; one that nobody rated is not allowed', () => {
    expect(codes({ exclude_risk: 'high' }, risks)).toEqual(withFlags(1, 2));
    expect(codes({ exclude_risk: 'medium' }, risks)).toEqual(withFlags(1));
    expect(codes({ exclude_risk: 'high' }, new Map())).toEqual([]);
    expect(codes({ exclude_risk: 'high' }, risks, 'ubos')).toEqual([1, 2]);
  });

  it('has named countries, and excuses rows with due diligence wherever they are', () => {
    expect(codes({ countries: ['AE'] }, risks)).toEqual(withFlags(2));
    const excused = codes({ exclude_risk: 'high', unless: 'due_diligence' }, risks);
    expect(excused).toHaveLength(2 + 249 + 2 + 249);
    expect(excused).toContain(3 + 65536);
    expect(excused).not.toContain(3);
    expect(excused).not.toContain(3 + 2 * 65536);
    expect(codes({ countries: ['AE'], unless: 'due_diligence' }, risks, 'ubos')).toEqual([2]);
  });

  it('is hashed as its sorted values, 32 bytes big endian each', () => {
    const { codes: values, table_hash } = allowedTable({ countries: ['ZW', 'AD'] }, risks);
    const bytes = values.map((value) => Buffer.from(value.toString(16).padStart(64, '0'), 'hex'));
    expect(table_hash).toBe(blake3Text(Buffer.concat([Buffer.from('cap.table.v1'), ...bytes])));
    expect(values).toEqual([...values].sort((a, b) => a - b));
    expect(values).not.toContain(0);
  });
});
