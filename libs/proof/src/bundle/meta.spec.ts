import { describe, expect, it } from '@jest/globals';
import type { JsonObject, JsonValue } from '@cap/core';
import { orderUnits, parseMeta } from './meta.js';

const STATEMENT = { signer: `0x${'22'.repeat(32)}`, issued_at: '2026-01-15T10:00:00Z' };
const HASH = `0x${'11'.repeat(32)}`;
const record = (role: string): JsonObject => ({ role, hash: HASH, size: 1, content_type: 'text/plain' });
const unit = (id: string, depends_on: string[] = [], more: JsonObject = {}): JsonObject => ({
  id,
  manifest_file: 'manifest.json',
  proof_file: `${id}.capz`,
  policy_hash: HASH,
  backend: 'disclosure',
  vk_hash: HASH,
  statement: STATEMENT,
  depends_on,
  ...more,
});
const meta = (more: JsonObject = {}): JsonObject => ({
  schema: 'cap-bundle.v3',
  label: 'January',
  created_at: '2026-01-15T10:00:00Z',
  files: {
    'manifest.json': record('manifest'),
    ...Object.fromEntries(['main', 'a', 'b', 'c', 'd', 'x'].map((id) => [`${id}.capz`, record('proof')])),
    'reference/sanctions.csv': record('reference'),
  },
  proof_units: [unit('main')],
  ...more,
});
const files = (name: string, role: string) => meta({ files: { [name]: record(role) } });

describe('parseMeta', () => {
  it('reads what has the right shape', () => {
    expect(parseMeta(meta())).toEqual(meta());
  });

  it.each<[string, JsonValue, RegExp]>([
    ['null', null, /document/],
    ['another version', meta({ schema: 'cap-bundle.v9' }), /schema/],
    ['an unknown member', meta({ verifier: 'x' }), /verifier/],
    ['a label with what nobody sees', meta({ label: 'January\u200b' }), /label: .*U\+200B/],
    [
      'an audience that is no text',
      meta({ proof_units: [unit('main', [], { statement: { ...STATEMENT, audience: '\ud800' } })] }),
      /audience: .*U\+D800/,
    ],
    ['a missing member', { schema: 'cap-bundle.v3' }, /label/],
    ['a time without Z', meta({ created_at: '2026-01-15T10:00:00+01:00' }), /created_at/],
    ['a day that does not exist', meta({ created_at: '2026-02-30T10:00:00Z' }), /created_at/],
    ['a program among the files', files('verifier.wasm', 'verifier'), /role/],
    ['a program in the role of a readme', files('verifier.wasm', 'readme'), /readme/],
    ['a list outside reference/', files('sanctions.csv', 'reference'), /reference/],
    ['a name that leaves the directory', files('../README.txt', 'readme'), /\.\./],
    ['_meta.json listed', files('_meta.json', 'policy'), /never listed/],
    ['signatures.json listed', files('signatures.json', 'policy'), /never listed/],
    [
      'a hash in capitals',
      meta({ files: { 'README.txt': { ...record('readme'), hash: `0x${'AA'.repeat(32)}` } } }),
      /hash/,
    ],
    ['a negative size', meta({ files: { 'README.txt': { ...record('readme'), size: -1 } } }), /size/],
    [
      'a statement with another member',
      meta({ proof_units: [unit('main', [], { statement: { ...STATEMENT, key: 'x' } })] }),
      /statement/,
    ],
    [
      'a statement without a signer',
      meta({ proof_units: [unit('main', [], { statement: { issued_at: '2026-01-15T10:00:00Z' } })] }),
      /statement\.signer/,
    ],
    [
      'a signer in capitals',
      meta({ proof_units: [unit('main', [], { statement: { ...STATEMENT, signer: `0x${'AB'.repeat(32)}` } })] }),
      /statement\.signer/,
    ],
    [
      'a signer by the id of his key',
      meta({
        proof_units: [unit('main', [], { statement: { ...STATEMENT, signer: '6c31041268f471609c79f5f2dbcc38e4' } })],
      }),
      /statement\.signer/,
    ],
    [
      'a crowd of proof units',
      meta({ proof_units: Array.from({ length: 9 }, (_, i) => unit(`u${i}`)) }),
      /proof_units/,
    ],
  ])('refuses %s', (_, value, place) => {
    expect(() => parseMeta(value)).toThrow(
      expect.objectContaining({ code: 'meta.schema', message: expect.stringMatching(place) }),
    );
  });
});

describe('orderUnits', () => {
  const order = (...units: JsonObject[]) => orderUnits(parseMeta(meta({ proof_units: units }))).map(({ id }) => id);

  it('puts each unit after those it depends on, and keeps the order otherwise', () => {
    expect(order(unit('c', ['b']), unit('x'), unit('b', ['a']), unit('a'))).toEqual(['x', 'a', 'b', 'c']);
    expect(order(unit('a'), unit('b'), unit('c'))).toEqual(['a', 'b', 'c']);
  });

  it.each<[string, JsonObject[], RegExp]>([
    ['no unit', [], /empty/],
    ['one id twice', [unit('a'), unit('a')], /several/],
    ['a proof of two units', [unit('a'), unit('b', [], { proof_file: 'a.capz' })], /a and b share the proof a.capz/],
    ['an unknown dependency', [unit('a', ['b'])], /does not exist/],
    ['a dependency named twice', [unit('a'), unit('b', ['a', 'a'])], /twice/],
    ['a unit that depends on itself', [unit('a', ['a'])], /circle/],
    ['a circle', [unit('a', ['c']), unit('b', ['a']), unit('c', ['b']), unit('d')], /a, b, c depend/],
    ['a proof file that is not listed', [unit('a', [], { proof_file: 'other.capz' })], /no proof named other.capz/],
    ['a manifest file in another role', [unit('a', [], { manifest_file: 'a.capz' })], /no manifest named a.capz/],
    [
      'a file named like an object’s own member',
      [unit('a', [], { proof_file: 'constructor' })],
      /no proof named constructor/,
    ],
  ])('refuses %s', (_, units, why) => {
    expect(() => order(...units)).toThrow(
      expect.objectContaining({ code: 'meta.units', message: expect.stringMatching(why) }),
    );
  });
});
