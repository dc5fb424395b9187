import { randomBytes } from 'node:crypto';

/** Order of the scalar field of BLS12-381. A field element is a bigint in 0..FIELD_ORDER-1. */
export const FIELD_ORDER = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001n;
export const SCALAR_BYTES = 32;

/** The canonical element of any integer. */
export function mod(a: bigint): bigint {
  const rest = a % FIELD_ORDER;
  return rest < 0n ? rest + FIELD_ORDER : rest;
}

/** base^exponent, exponent >= 0. */
export function power(base: bigint, exponent: bigint | number): bigint {
  let result = 1n;
  let square = mod(base);
  for (let rest = BigInt(exponent); rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % FIELD_ORDER;
    square = (square * square) % FIELD_ORDER;
  }
  return result;
}

/** 1/a by the extended Euclidean algorithm. Throws RangeError for 0. */
export function inverse(a: bigint): bigint {
  let [low, high] = [mod(a), FIELD_ORDER];
  let [x, y] = [1n, 0n];
  if (low === 0n) throw new RangeError('0 has no inverse');
  while (low !== 1n) {
    const quotient = high / low;
    [low, high] = [high - quotient * low, low];
    [x, y] = [y - quotient * x, x];
  }
  return mod(x);
}

/** The inverses of all values with one inversion (Montgomery's trick). Throws RangeError if one is 0. */
export function inverses(values: readonly bigint[]): bigint[] {
  const before: bigint[] = [];
  let product = 1n;
  for (const value of values) {
    before.push(product);
    product = (product * value) % FIELD_ORDER;
  }
  let rest = inverse(product);
  const result = new Array<bigint>(values.length);
  for (let i = values.length - 1; i >= 0; i--) {
    result[i] = (rest * before[i]!) % FIELD_ORDER;
    rest = (rest * values[i]!) % FIELD_ORDER;
  }
  return result;
}

/** Big-endian unsigned integer of any length, not reduced. */
export const integerOf = (bytes: Uint8Array): bigint =>
  bytes.length === 0 ? 0n : BigInt(`0x${Buffer.from(bytes).toString('hex')}`);

/** 32 bytes, big endian. */
export const scalarBytes = (value: bigint): Buffer => Buffer.from(value.toString(16).padStart(64, '0'), 'hex');

/** Field elements as bytes, 32 big endian each, and back. */
export const pack = (elements: readonly bigint[]): Buffer => Buffer.concat(elements.map(scalarBytes));
export const unpack = (bytes: Uint8Array): bigint[] =>
  Array.from({ length: bytes.length / SCALAR_BYTES }, (_, i) =>
    integerOf(bytes.subarray(i * SCALAR_BYTES, (i + 1) * SCALAR_BYTES)),
  );

/** A uniform element from the system's random source: 48 bytes reduced, so off uniform by less than 2^-128. */
export const randomScalar = (): bigint => mod(integerOf(randomBytes(48)));
export const randomScalars = (count: number): bigint[] => Array.from({ length: count }, randomScalar);
