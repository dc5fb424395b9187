import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { identifierFields } from './fields.js';
import { foldIdentifierPart, identifier } from './identifier.js';

describe('folding of an identifier part (cap.id.v1)', () => {
  it.each<[string, string, string]>([
    ['ß is ss', 'Straße GROẞ', 'strassegross'],
    ['marks are dropped', 'Müller Çelik Ångström Ñandú', 'mullercelikangstromnandu'],
    ['so written apart they are too', 'Mu\u0308ller', 'muller'],
    ['æ ø œ ł đ þ', 'Ærø Œuvre Łódź Đorđe Þór', 'aerooeuvrelodzdordethor'],
    ['full width', 'ＡＣＭＥ　ＧｍｂＨ', 'acmegmbh'],
    ['ligatures', 'ﬁrma oﬃce', 'firmaoffice'],
    ['Turkish İ and ı stay apart', 'İI ıi', 'iiıi'],
    ['final sigma', 'ΟΔΥΣΣΕΥΣ οδυσσεύς', 'οδυσσευσοδυσσευσ'],
    ['iota subscript', 'ᾳ', 'αι'],
    ['Cherokee folds to capitals', 'ꭰᏸ', 'ᎠᏰ'],
    ['Cyrillic variants', '\u1c80\u1c88', 'вꙋ'],
    ['punctuation, symbols and white space', ' A.&B–C_D+E™ (F)\u00a0\u2003G/“H” ', 'abcdetmfgh'],
    ['emoji', 'Green 🌱 Ltd', 'greenltd'],
    ['digits of other forms', '№ ①２³', 'no123'],
    ['Han and kana', '株式会社　トヨタ', '株式会社トヨタ'],
    ['half-width kana', 'ﾄﾖﾀ', 'トヨタ'],
    ['nothing left', '—!', ''],
  ])('%s', (_, text, folded) => {
    expect(foldIdentifierPart(text)).toBe(folded);
  });

  it('is the same for every normal form and for what it has folded already', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const folded = foldIdentifierPart(text);
        expect(foldIdentifierPart(text.normalize('NFD'))).toBe(folded);
        expect(foldIdentifierPart(text.normalize('NFC'))).toBe(folded);
        expect(foldIdentifierPart(foldIdentifierPart(folded))).toBe(foldIdentifierPart(folded));
      }),
      { numRuns: 300 },
    );
  });
});

describe('identifiers', () => {
  const row = { id: 'HRB 1-23', name: 'ACME GmbH', jurisdiction: 'DE' };
  const owner = { name: 'Jörg Groß', birthdate: '1970-01-31', citizenship: 'AT' };

  it('are built by scheme', () => {
    expect(identifier(row, 'id')).toBe('id:hrb123');
    expect(identifier(row, 'name')).toBe('name:acmegmbh|DE');
    expect(identifier(owner, 'name')).toBe('name:jorggross|AT');
    expect(identifier(owner, 'person')).toBe('person:jorggross|1970-01-31');
    expect(identifier({ name: 'ACME', country: 'FR' }, 'name')).toBe('name:acme|FR');
  });

  it('are null for a row that lacks a field', () => {
    expect(identifier(owner, 'id')).toBeNull();
    expect(identifier(row, 'person')).toBeNull();
    expect(identifier({ name: 'ACME' }, 'name')).toBeNull();
    expect(identifier({ birthdate: '1970-01-31' }, 'person')).toBeNull();
  });

  it('name the fields that they read', () => {
    expect(identifierFields('suppliers', 'name')).toEqual(['name', 'jurisdiction']);
    expect(identifierFields('ubos', 'name')).toEqual(['name', 'citizenship']);
    expect(identifierFields('ubos', 'person')).toEqual(['name', 'birthdate']);
    expect(identifierFields('suppliers', 'id')).toEqual(['id']);
  });
});
