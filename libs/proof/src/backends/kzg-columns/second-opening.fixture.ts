import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { pippenger } from '@noble/curves/abstract/curve.js';
import { bls12_381 } from '@noble/curves/bls12-381.js';

/**
 * What the second verifier stands on: bytes, hash, field, transcript, curve and the Shplonk opening. Test code only.
 */

export function must(condition: boolean, expected: string): asserts condition {
  if (!condition) throw new Error(`expected ${expected}`);
}

export function mustBeBytes(bytes: Uint8Array, length: number, what: string): void {
  must(bytes instanceof Uint8Array && bytes.length === length, `${what} of ${length} bytes`);
}

// ---- bytes and hash ----

type Blake3 = (data: Uint8Array, options?: { dkLen?: number }) => Uint8Array;
// The curve library's own hash library: not the one that production hashes with.
const ofCurves = createRequire(createRequire(import.meta.url).resolve('@noble/curves/bls12-381.js'));
export const { blake3 } = (await import(pathToFileURL(ofCurves.resolve('@noble/hashes/blake3.js')).href)) as {
  blake3: Blake3;
};

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

export const concat = (...parts: Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(parts));

export function u32le(value: number): Uint8Array {
  must(Number.isInteger(value) && value >= 0 && value < 2 ** 32, 'an unsigned 32-bit integer');
  return Uint8Array.from([0, 8, 16, 24], (shift) => (value >>> shift) & 255);
}

/** 32 bytes big endian. */
export function scalarBytes(value: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * (31 - i))) & 255n));
}

const bigEndian = (bytes: Uint8Array): bigint => bytes.reduce((value, byte) => value * 256n + BigInt(byte), 0n);

// ---- the scalar field ----

export const { Fr } = bls12_381.fields;
const P = Fr.ORDER;
export const mod = (value: bigint): bigint => ((value % P) + P) % P;
export const isScalar = (value: bigint): boolean => value >= 0n && value < P;
export const product = (values: bigint[]): bigint => values.reduce((all, value) => mod(all * value), 1n);
export const sum = (values: bigint[]): bigint => mod(values.reduce((all, value) => all + value, 0n));
export const divide = (a: bigint, b: bigint): bigint => mod(a * Fr.inv(mod(b)));

/** 1, x, x², … without end. */
export function powersOf(x: bigint): () => bigint {
  let next = 1n;
  return () => {
    const power = next;
    next = mod(next * x);
    return power;
  };
}

// ---- transcript ----

export class Transcript {
  private state = new Uint8Array(32);

  constructor(digest: Uint8Array) {
    this.absorb('cap.kzg-columns.v1', digest);
  }

  absorb(label: string, data: Uint8Array): void {
    const name = utf8(label);
    this.state = Uint8Array.from(
      blake3(concat(this.state, Uint8Array.of(name.length), name, u32le(data.length), data)),
    );
  }

  challenge(label: string): bigint {
    this.absorb(label, new Uint8Array(0));
    return bigEndian(blake3(concat(utf8('cap.challenge.v1'), this.state), { dkLen: 64 })) % P;
  }
}

/** Reads the proof message by message; what is read is absorbed under its name. */
export class Messages {
  private offset = 0;

  constructor(
    private readonly bytes: Uint8Array,
    private readonly transcript: Transcript,
  ) {
    must(bytes instanceof Uint8Array, 'bytes');
  }

  private take(label: string, length: number): Uint8Array {
    const taken = Uint8Array.from(this.bytes.subarray(this.offset, this.offset + length));
    must(taken.length === length, `${length} bytes of ${label}`);
    this.offset += length;
    this.transcript.absorb(label, taken);
    return taken;
  }

  point(label: string): G1 {
    return decodePoint(this.take(label, 48));
  }

  scalar(label: string): bigint {
    const value = bigEndian(this.take(label, 32));
    must(isScalar(value), `${label} < p`);
    return value;
  }

  mustEnd(): void {
    must(this.offset === this.bytes.length, 'no byte after the last message');
  }
}

// ---- the curve ----

export const G1 = bls12_381.G1.Point;
export type G1 = InstanceType<typeof G1>;
const G2 = bls12_381.G2.Point;
const TAU_G2 = G2.fromHex(
  'b5bfd7dd8cdeb128843bc287230af38926187075cbfbefa81009a2ce615ac53d2914e5870cb452d2afaaab24f3499f72' +
    '185cbfee53492714734429b7b38608e23926c911cceceac9a36851477ba4c60b087041de621000edc98edada20c1def2',
);

/** 48 canonical bytes of a point of the subgroup that is not infinity. */
export function decodePoint(bytes: Uint8Array): G1 {
  mustBeBytes(bytes, 48, 'a point');
  const point = G1.fromBytes(bytes);
  // The library reduces coordinates >= the field's prime: only the one encoding that it would write is accepted.
  must(bigEndian(point.toBytes(true)) === bigEndian(bytes), 'a canonical point');
  must(!point.is0(), 'a point other than infinity');
  // On the curve and in the subgroup.
  point.assertValidity();
  return point;
}

export type Term = [scalar: bigint, point: G1];
const combine = (terms: Term[]): G1 =>
  pippenger(
    G1,
    terms.map(([, point]) => point),
    terms.map(([scalar]) => mod(scalar)),
  );

// ---- Shplonk ----

/** f agrees with `remainder` modulo `vanishing`, where f is committed to by the sum of the terms. */
export interface Claim {
  commitment: Term[];
  remainder: (x: bigint) => bigint;
  vanishing: (x: bigint) => bigint;
}

export const valueAt = (commitment: Term[], point: bigint, value: bigint): Claim => ({
  commitment,
  remainder: () => value,
  vanishing: (x) => mod(x - point),
});

export const valuesAt = (commitment: G1, [p0, v0]: [bigint, bigint], [p1, v1]: [bigint, bigint]): Claim => ({
  commitment: [[1n, commitment]],
  remainder: (x) => mod(v0 + divide(v1 - v0, p1 - p0) * (x - p0)),
  vanishing: (x) => mod((x - p0) * (x - p1)),
});

export const valueAndSlopeAt = (commitment: G1, point: bigint, value: bigint, slope: bigint): Claim => ({
  commitment: [[1n, commitment]],
  remainder: (x) => mod(value + slope * (x - point)),
  vanishing: (x) => mod((x - point) * (x - point)),
});

/** Last steps of both protocols: nu, W, y, W', then e(L + y W', G2) = e(W', tau G2). */
export function verifyClaims(claims: Claim[], transcript: Transcript, messages: Messages): boolean {
  const nu = transcript.challenge('nu');
  const w = messages.point('W');
  const y = transcript.challenge('y');
  const wPrime = messages.point("W'");
  messages.mustEnd();

  const power = powersOf(nu);
  const terms: Term[] = claims.flatMap(({ commitment, remainder, vanishing }) => {
    const weight = divide(power(), vanishing(y));
    const committed = commitment.map(([scalar, point]): Term => [weight * scalar, point]);
    return [...committed, [-weight * remainder(y), G1.BASE]];
  });
  const left = combine([...terms, [-1n, w], [y, wPrime]]);
  const paired = bls12_381.pairingBatch([
    { g1: left, g2: G2.BASE },
    { g1: wPrime.negate(), g2: TAU_G2 },
  ]);
  return bls12_381.fields.Fp12.eql(paired, bls12_381.fields.Fp12.ONE);
}
