import { describe, expect, it } from '@jest/globals';
import { bls12_381 } from '@noble/curves/bls12-381.js';
import { concat, Fr, mod, scalarBytes, Transcript, u32le, type G1 } from './second-opening.fixture.js';
import {
  secondOpeningVerifier,
  secondStatementDigest,
  secondVerifier,
  type SecondRow,
  type SecondStatement,
} from './second-verifier.fixture.js';

// [tau]G1 of the ceremony: commits to the polynomial X.
const TAU_G1 = bls12_381.G1.Point.fromHex(
  'ad3eb50121139aa34db1d545093ac9374ab7bca2c0f3bf28e27c8dcd8fc7cb42d25926fc0c97b336e9f0fb35e5a04c81',
);
const ORDER_THREE = bls12_381.G1.Point.fromAffine({ x: 0n, y: 2n });
const FIELD = bls12_381.fields.Fp.ORDER;

/** Compressed by hand: the library refuses to write points outside the subgroup. */
function compress(point: G1, added = 0n): Uint8Array {
  const { x, y } = point.toAffine();
  const bits = (x + added) | (1n << 383n) | (y > FIELD / 2n ? 1n << 381n : 0n);
  return Uint8Array.from(Buffer.from(bits.toString(16).padStart(96, '0'), 'hex'));
}

// The columns x, r, d are all FACTOR * X: the smallest factor whose commitment has two encodings of 381 bits.
const FACTOR = BigInt(
  Array.from({ length: 100 }, (_, i) => i + 1).find(
    (factor) => TAU_G1.multiply(BigInt(factor)).toAffine().x + FIELD < 1n << 381n,
  )!,
);
const COMMITMENT = TAU_G1.multiply(FACTOR);
const DIGEST = new Uint8Array(32).fill(7);
const ENTRY = 3;

const list = (): SecondStatement['lists'][number] => ({
  name: 'suppliers',
  n: 64,
  min: 1,
  max: 20,
  codes: [1n, 5n, 65_537n],
  references: [{ id: 'sanctions', fileHash: new Uint8Array(32).fill(1), asOf: '2026-01-31', values: [3n, 9n] }],
  commitments: { x: compress(COMMITMENT), r: compress(COMMITMENT), d: compress(COMMITMENT) },
});
const statement = (): SecondStatement => ({
  srsHash: new Uint8Array(32).fill(2),
  vkHash: new Uint8Array(32).fill(3),
  manifestHash: new Uint8Array(32).fill(4),
  policyHash: new Uint8Array(32).fill(5),
  signer: new Uint8Array(32).fill(6),
  audience: 'auditor',
  nonce: '',
  issuedAt: '2026-02-01T00:00:00Z',
  expiresAt: '',
  lists: [list(), { ...list(), name: 'ubos' }],
});

const row = (index: number): SecondRow => {
  const value = mod(FACTOR * Fr.pow(Fr.pow(7n, (Fr.ORDER - 1n) / 64n), BigInt(index)));
  return { index, x: value, r: value, d: value };
};

/** The opening of one row: the quotients of FACTOR * X are constants. `added` goes into W before y is drawn. */
function openRow(at: SecondRow, added?: G1): Uint8Array {
  const transcript = new Transcript(DIGEST);
  transcript.absorb('rows of', u32le(ENTRY));
  transcript.absorb('row', concat(u32le(at.index), scalarBytes(at.x), scalarBytes(at.r), scalarBytes(at.d)));
  const nu = transcript.challenge('nu');
  const weight = mod(FACTOR * (1n + nu + nu * nu));
  const W = bls12_381.G1.Point.BASE.multiply(weight);
  const sent = compress(added ? W.add(added) : W);
  transcript.absorb('W', sent);
  const y = transcript.challenge('y');
  const point = mod(at.x * Fr.inv(FACTOR));
  return concat(sent, compress(bls12_381.G1.Point.BASE.multiply(mod(weight * Fr.inv(mod(y - point))))));
}

const accepts = (over: { list?: object; rows?: unknown; proof?: unknown; digest?: unknown; entry?: unknown } = {}) =>
  secondOpeningVerifier(
    ...([
      over.digest ?? DIGEST,
      over.entry ?? ENTRY,
      { ...list(), ...over.list },
      over.rows ?? [row(5)],
      over.proof ?? openRow(row(5)),
    ] as Parameters<typeof secondOpeningVerifier>),
  );

describe('row openings of the second verifier', () => {
  it('accepts the first, a middle and the last data row', () => {
    for (const index of [0, 5, 52]) expect(accepts({ rows: [row(index)], proof: openRow(row(index)) })).toBe(true);
  });

  it('refuses the row after the last data row', () => {
    expect(accepts({ rows: [row(53)], proof: openRow(row(53)) })).toBe(false);
  });

  it('refuses any changed byte, a byte too many and a byte too few', () => {
    const proof = openRow(row(5));
    for (const at of proof.keys()) {
      const other = Uint8Array.from(proof);
      other[at]! ^= 1 << (at % 8);
      expect(accepts({ proof: other })).toBe(false);
    }
    expect(accepts({ proof: concat(proof, Uint8Array.of(0)) })).toBe(false);
    expect(accepts({ proof: proof.subarray(0, -1) })).toBe(false);
  });

  it.each<[string, Parameters<typeof accepts>[0]]>([
    ['another digest', { digest: new Uint8Array(32).fill(8) }],
    ['another entry', { entry: 2 }],
    ['another index', { rows: [{ ...row(5), index: 6 }] }],
    ['another identifier', { rows: [{ ...row(5), x: 1n }] }],
    ['another code', { rows: [{ ...row(5), r: 1n }] }],
    ['another document', { rows: [{ ...row(5), d: 1n }] }],
    ['a value + p', { rows: [{ ...row(5), d: row(5).d + Fr.ORDER }] }],
    ['no row', { rows: [] }],
    ['one row twice', { rows: [row(5), row(5)] }],
    ['another domain', { list: { n: 512 } }],
    ['a domain that no list has', { list: { n: 128 } }],
    ['a text for a proof', { proof: 'W' }],
    ['rows that are none', { rows: [null] }],
  ])('refuses %s', (_what, over) => {
    expect(accepts(over)).toBe(false);
  });

  it.each(['x', 'r', 'd'])('refuses C_%s outside the subgroup, not canonical, off the curve and infinity', (column) => {
    const withPoint = (point: Uint8Array): boolean =>
      accepts({ list: { commitments: { ...list().commitments, [column]: point } } });
    expect(withPoint(compress(COMMITMENT))).toBe(true);
    expect(withPoint(compress(COMMITMENT.add(ORDER_THREE)))).toBe(false);
    expect(withPoint(compress(COMMITMENT, FIELD))).toBe(false);
    expect(withPoint(compress(COMMITMENT, 1n))).toBe(false);
    expect(withPoint(Uint8Array.of(0xc0, ...new Uint8Array(47)))).toBe(false);
  });

  it('refuses a W outside the subgroup, which the pairing alone would let pass', () => {
    expect(accepts({ proof: openRow(row(5), bls12_381.G1.Point.BASE) })).toBe(false);
    expect(accepts({ proof: openRow(row(5), ORDER_THREE) })).toBe(false);
  });
});

describe('the digest of the second verifier', () => {
  it.each<[string, (changed: SecondStatement) => void]>([
    ['SRS', (s) => s.srsHash.fill(9)],
    ['verification key', (s) => s.vkHash.fill(9)],
    ['manifest', (s) => s.manifestHash.fill(9)],
    ['policy', (s) => s.policyHash.fill(9)],
    ['signer', (s) => s.signer.fill(9)],
    ['audience', (s) => void (s.audience = 'another')],
    ['nonce', (s) => void (s.nonce = 'n')],
    ['issue time', (s) => void (s.issuedAt = '')],
    ['expiry', (s) => void (s.expiresAt = s.issuedAt)],
    ['number of lists', (s) => s.lists.pop()],
    ['order of lists', (s) => s.lists.reverse()],
    ['name', (s) => void (s.lists[1]!.name = 'owners')],
    ['n', (s) => void (s.lists[1]!.n = 512)],
    ['k', (s) => void (s.lists[1]!.min = 2)],
    ['m', (s) => void (s.lists[1]!.max = 21)],
    ['table', (s) => s.lists[1]!.codes.pop()],
    ['number of reference lists', (s) => s.lists[1]!.references.pop()],
    ['reference list id', (s) => void (s.lists[1]!.references[0]!.id = 'other')],
    ['reference list file', (s) => s.lists[1]!.references[0]!.fileHash.fill(9)],
    ['reference list date', (s) => void (s.lists[1]!.references[0]!.asOf = '2026-02-01')],
    ['reference list values', (s) => s.lists[1]!.references[0]!.values.pop()],
    ['C_x', (s) => s.lists[1]!.commitments.x.fill(9)],
    ['C_r', (s) => s.lists[1]!.commitments.r.fill(9)],
    ['C_d', (s) => s.lists[1]!.commitments.d.fill(9)],
  ])('covers the %s', (_what, change) => {
    const changed = statement();
    change(changed);
    expect(secondStatementDigest(statement())).toHaveLength(32);
    expect(secondStatementDigest(changed)).not.toEqual(secondStatementDigest(statement()));
  });
});

describe('malformed input of the second verifier', () => {
  it.each<[string, unknown, unknown]>([
    ['no statement', null, new Uint8Array(768)],
    ['an empty statement', {}, new Uint8Array(768)],
    ['no lists', { ...statement(), lists: [] }, new Uint8Array(96)],
    ['no proof', statement(), undefined],
    ['an empty proof', statement(), new Uint8Array(0)],
    ['zeros', statement(), new Uint8Array(1392)],
    ['ones', statement(), new Uint8Array(1392).fill(255)],
    ['short hashes', { ...statement(), srsHash: new Uint8Array(31) }, new Uint8Array(1392)],
  ])('is refused, never thrown at: %s', (_what, given, proof) => {
    expect(secondVerifier(given as SecondStatement, proof as Uint8Array)).toBe(false);
  });
});
