import { describe, expect, it } from '@jest/globals';
import { particulars } from './particulars.js';

describe('expected and actual, in German', () => {
  it.each([
    ['lists.known', 'sanctions named by the manifest', 'sanctions, im Manifest genannt'],
    [
      'lists.age',
      'jurisdictions: the newest known, at most 30 days old; sanctions: the newest known',
      'jurisdictions: die neueste bekannte, höchstens 30 Tage alt; sanctions: die neueste bekannte',
    ],
    [
      'statement.time',
      'from 2026-01-15T09:30:00Z to 2026-02-15T09:30:00Z',
      'von 2026-01-15T09:30:00Z bis 2026-02-15T09:30:00Z',
    ],
    [
      'lists.known',
      '20 entries of jurisdictions; withdrawn on 2026-01-31',
      '20 Einträge von jurisdictions; zurückgezogen am 2026-01-31',
    ],
    ['files.hash', 'policy.json: not there', 'policy.json: nicht vorhanden'],
    ['proof.backend', 'disclosure or mock', 'disclosure oder mock'],
    ['proof.binding', 'a proof of this statement', 'ein Beweis dieser Aussage'],
    ['files.hash', 'reference/from-to.csv: 12 bytes', 'reference/from-to.csv: 12 Bytes'],
    [
      'signer.trusted',
      'the company of this key: Bank of Deposit, active from none or unknown',
      'das Unternehmen dieses Schlüssels: Bank of Deposit, active from none or unknown',
    ],
    ['statement.audience', 'not there', 'not there'],
    ['statement.nonce', 'active', 'active'],
    ['meta.schema', '_meta.json: a sentence of a parser or two', '_meta.json: a sentence of a parser or two'],
  ])('%s: %s', (check, english, german) => {
    expect(particulars(check, english, 'de')).toBe(german);
    expect(particulars(check, english, 'en')).toBe(english);
  });
});
