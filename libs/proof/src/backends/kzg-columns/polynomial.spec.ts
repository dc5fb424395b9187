import { describe, expect, it } from '@jest/globals';
import { FIELD_ORDER, randomScalar, randomScalars } from './field.js';
import { evaluate, Modulus, multiply, productOfRoots } from './polynomial.js';

describe('products of polynomials', () => {
  // By hand, by transforms, and by transforms that the last coefficient wraps round.
  it.each([
    [1, 1],
    [24, 24],
    [25, 25],
    [33, 32],
    [33, 33],
    [40, 25],
    [100, 29],
    [129, 129],
  ])('of %d and %d coefficients take the product of their values', (one, other) => {
    const [a, b, x] = [randomScalars(one), randomScalars(other), randomScalar()];
    const product = multiply(a, b);
    expect(product).toHaveLength(one + other - 1);
    expect(evaluate(product, x)).toBe((evaluate(a, x) * evaluate(b, x)) % FIELD_ORDER);
  });

  it.each([0, 1, 2, 64, 65, 100])('of %d factors (X - root) have these roots and no other', (count) => {
    const [roots, x] = [randomScalars(count), randomScalar()];
    const product = productOfRoots(roots);
    expect([product.length, product.at(-1)]).toEqual([count + 1, 1n]);
    const value = roots.reduce((sum, root) => (sum * (x + FIELD_ORDER - root)) % FIELD_ORDER, 1n);
    expect(evaluate(product, x)).toBe(value);
  });

  it('leave remainders', () => {
    const [a, modulus, rest] = [randomScalars(70), [...randomScalars(40), 1n], randomScalars(40)];
    const dividend = multiply(a, modulus).map((value, i) => (value + (rest[i] ?? 0n)) % FIELD_ORDER);
    expect(new Modulus(modulus).remainder(dividend)).toEqual(rest);
  });
});
