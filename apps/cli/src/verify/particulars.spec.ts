import { describe, expect, it } from '@jest/globals';
import { particulars } from './particulars.js';

describe('expected and actual, in German', () => {
  it.each([
    ['sanctions named by the manifest', 'sanctions im Manifest genannt'],
    [
      'jurisdictions: the newest known, at most 30 days old',
      'jurisdictions: die neueste bekannte, höchstens 30 Tage alt',
    ],
    ['from 2026-01-15T09:30:00Z to 2026-02-15T09:30:00Z', 'von 2026-01-15T09:30:00Z bis 2026-02-15T09:30:00Z'],
    ['policy.json: not there', 'policy.json: nicht vorhanden'],
    ['disclosure or mock', 'disclosure oder mock'],
    ['0xab: revoked, no trusted time before', '0xab: widerrufen, keine vertrauenswürdige Zeit davor'],
    ['reference/from-to.csv: 12 bytes', 'reference/from-to.csv: 12 Bytes'],
  ])('%s', (english, german) => {
    expect(particulars(english, 'de')).toBe(german);
    expect(particulars(english, 'en')).toBe(english);
  });
});
