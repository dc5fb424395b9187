import {
  blake3,
  concat,
  decodePoint,
  divide,
  Fr,
  isScalar,
  Messages,
  mod,
  must,
  mustBeBytes,
  powersOf,
  product,
  scalarBytes,
  sum,
  Transcript,
  u32le,
  utf8,
  valueAndSlopeAt,
  valueAt,
  valuesAt,
  verifyClaims,
  type Claim,
  type Term,
} from './second-opening.fixture.js';

/**
 * A second verifier of kzg-columns.v1, written from the protocol's text alone on another curve library and another
 * BLAKE3. It shares no line, type or constant with the production folder, so that a mistake has to be made twice to
 * pass unseen. It is slow (everything is a bigint) and only serves the tests.
 */

export interface SecondStatement {
  srsHash: Uint8Array;
  vkHash: Uint8Array;
  manifestHash: Uint8Array;
  policyHash: Uint8Array;
  /** The prover's raw public key. */
  signer: Uint8Array;
  audience: string;
  nonce: string;
  issuedAt: string;
  /** '' where absent, as in the three above. */
  expiresAt: string;
  lists: SecondList[];
}

interface SecondList {
  name: string;
  n: number;
  min: number;
  max: number;
  /** The allowed codes, strictly increasing, 1..v of them, never 0. */
  codes: bigint[];
  /** Values strictly increasing, never 0. */
  references: { id: string; fileHash: Uint8Array; asOf: string; values: bigint[] }[];
  /** 48 bytes each, compressed points. */
  commitments: { x: Uint8Array; r: Uint8Array; d: Uint8Array };
}

export interface SecondRow {
  index: number;
  x: bigint;
  r: bigint;
  d: bigint;
}

/** True iff the proof is exactly one of this statement; false for anything else, malformed statements included. */
export function secondVerifier(statement: SecondStatement, proof: Uint8Array): boolean {
  return holds(() => verifyProof(statement, proof));
}

/** True iff the 96 bytes W ‖ W' open x, r and d at each row; `entryNumber` counts the statement's lists from 0. */
export function secondOpeningVerifier(
  digest: Uint8Array,
  entryNumber: number,
  list: SecondList,
  rows: SecondRow[],
  proof: Uint8Array,
): boolean {
  return holds(() => verifyOpening(digest, entryNumber, list, rows, proof));
}

// Every refusal below is an exception, this file's own as well as the library's (a point off the curve, 1/0).
function holds(check: () => boolean): boolean {
  try {
    return check();
  } catch {
    return false;
  }
}

// ---- the columns ----

const MASK_ROWS = 6;
const BLINDING_ROWS = 4;
const CHUNK = 3000;
const GROUP = 4;

class Domain {
  readonly capacity: number;
  readonly end: number;
  /** w^0 … w^(n-1) */
  readonly points: bigint[];

  constructor(readonly n: number) {
    must(n === 64 || n === 512 || n === 1024, 'n = 64, 512 or 1024');
    this.end = n - 1 - BLINDING_ROWS;
    this.capacity = this.end - MASK_ROWS;
    const power = powersOf(Fr.pow(7n, (Fr.ORDER - 1n) / BigInt(n)));
    this.points = Array.from({ length: n }, power);
  }

  at(row: number): bigint {
    const point = this.points[row];
    must(point !== undefined, 'a row of the domain');
    return point;
  }

  /** The product of (x - w^i) over from <= i < to. */
  vanishing(x: bigint, from: number, to: number): bigint {
    return product(this.points.slice(from, to).map((point) => x - point));
  }

  /** (x^n - 1) / the product of (x - w^i) over v <= i < n. */
  dataVanishing(x: bigint): bigint {
    return divide(Fr.pow(x, BigInt(this.n)) - 1n, this.vanishing(x, this.capacity, this.n));
  }

  /** The polynomial of degree < n that has these values on H, at x off H (barycentric formula). */
  interpolate(values: bigint[], x: bigint): bigint {
    const inverses = Fr.invertBatch(this.points.map((point) => mod(x - point)));
    const terms = this.points.map((point, i) => mod((values[i] ?? 0n) * point) * (inverses[i] ?? 0n));
    return divide((Fr.pow(x, BigInt(this.n)) - 1n) * sum(terms), BigInt(this.n));
  }
}

/** The allowed codes, padded with the last one, as a column. */
function tableColumn(list: SecondList): bigint[] {
  const last = list.codes.at(-1);
  must(last !== undefined, 'a table with at least one code');
  return Array.from({ length: list.n }, (_, row) => list.codes[row] ?? last);
}

/** The reference lists one after another, each cut into chunks by itself. */
function referenceChunks(list: SecondList): bigint[][] {
  return list.references.flatMap(({ values }) =>
    Array.from({ length: Math.ceil(values.length / CHUNK) }, (_, c) => values.slice(c * CHUNK, (c + 1) * CHUNK)),
  );
}

/** Positions of the earlier entries of the same name, four at a time. */
function earlierGroups(lists: SecondList[], position: number): number[][] {
  const earlier = [...lists.keys()].filter((i) => i < position && lists[i]?.name === lists[position]?.name);
  return Array.from({ length: Math.ceil(earlier.length / GROUP) }, (_, g) => earlier.slice(g * GROUP, (g + 1) * GROUP));
}

// ---- what is refused before any arithmetic ----

function mustIncrease(values: bigint[], what: string): void {
  let previous = 0n;
  for (const value of values) {
    must(
      typeof value === 'bigint' && value > previous && isScalar(value),
      `${what} strictly increasing, 0 < value < p`,
    );
    previous = value;
  }
}

function checkStatement(statement: SecondStatement): void {
  const { srsHash, vkHash, manifestHash, policyHash, signer, audience, nonce, issuedAt, expiresAt, lists } = statement;
  for (const hash of [srsHash, vkHash, manifestHash, policyHash]) mustBeBytes(hash, 32, 'a hash');
  mustBeBytes(signer, 32, 'a key');
  for (const text of [audience, nonce, issuedAt, expiresAt]) must(typeof text === 'string', 'a text');
  must(lists.length > 0, 'at least one list');
  for (const list of lists) {
    const { capacity } = new Domain(list.n);
    must(Number.isInteger(list.min) && Number.isInteger(list.max), 'whole bounds');
    must(0 <= list.min && list.min <= list.max && list.max <= capacity, 'bounds 0 <= k <= m <= v');
    must(list.codes.length >= 1 && list.codes.length <= capacity, 'a table of 1..v codes');
    mustIncrease(list.codes, 'codes');
    must(typeof list.name === 'string', 'a name');
    for (const reference of list.references) {
      must(typeof reference.id === 'string' && typeof reference.asOf === 'string', 'an id and a date');
      mustBeBytes(reference.fileHash, 32, 'a file hash');
      mustIncrease(reference.values, 'reference values');
    }
    for (const point of [list.commitments.x, list.commitments.r, list.commitments.d]) mustBeBytes(point, 48, 'a point');
  }
}

// ---- digest ----

/** D: 32 bytes. Throws only for a statement that is not of the declared shape. */
export function secondStatementDigest(statement: SecondStatement): Uint8Array {
  const values = (domain: string, sorted: bigint[]): Uint8Array =>
    blake3(concat(utf8(domain), ...sorted.map(scalarBytes)));
  const fields: (Uint8Array | string | number)[] = ['cap.zk.v1', 'kzg-columns', '1'];
  fields.push(statement.srsHash, statement.vkHash, statement.manifestHash, statement.policyHash, statement.signer);
  fields.push(statement.audience, statement.nonce, statement.issuedAt, statement.expiresAt);
  fields.push(statement.lists.length);
  for (const { name, n, min, max, codes, references, commitments } of statement.lists) {
    fields.push(name, n, min, max, values('cap.table.v1', codes), references.length);
    for (const { id, fileHash, asOf, values: listed } of references)
      fields.push(id, fileHash, asOf, values('cap.list.v1', listed));
    fields.push(commitments.x, commitments.r, commitments.d);
  }
  const bytes = fields.map((field) => (field instanceof Uint8Array ? field : utf8(String(field))));
  return blake3(concat(...bytes.flatMap((field) => [u32le(field.length), field])));
}

// ---- the proof ----

function verifyProof(statement: SecondStatement, proof: Uint8Array): boolean {
  checkStatement(statement);
  const { lists } = statement;
  const transcript = new Transcript(secondStatementDigest(statement));
  const messages = new Messages(proof, transcript);

  const entries = lists.map((list, position) => {
    const chunks = referenceChunks(list);
    const groups = earlierGroups(lists, position);
    const a = messages.point('a');
    const m = messages.point('m');
    const A = messages.point('A');
    const factors = Math.max(1, chunks.length) + groups.length;
    const quotients = Array.from({ length: factors }, (_, j) => messages.point(`q${j}`));
    return { list, chunks, groups, a, m, A, quotients };
  });
  const rho = transcript.challenge('rho');

  const cofactors = entries.map((entry) => ({ ...entry, p: messages.point('p') }));
  const alpha = transcript.challenge('alpha');
  const beta = transcript.challenge('beta');

  const runs = cofactors.map((entry) => {
    const z = messages.point('z');
    const h = messages.point('h');
    const rootProduct = messages.scalar('A(alpha)');
    const slope = messages.scalar("A'(alpha)");
    return { ...entry, z, h, rootProduct, slope };
  });
  const gamma = transcript.challenge('gamma');

  const quotient = messages.point('q');
  const zeta = transcript.challenge('zeta');

  const opened = runs.map((entry) => {
    const at = {} as Values;
    for (const name of OPENED) at[name] = messages.scalar(name);
    return { ...entry, at };
  });

  const claims: Claim[] = [];
  const linear: Term[] = [[-1n, quotient]];
  let rest = 0n;
  const gammaPower = powersOf(gamma);
  for (const { list, chunks, groups, quotients, rootProduct, slope, at, ...points } of opened) {
    const domain = new Domain(list.n);
    const next = mod(zeta * domain.at(1));
    claims.push(valuesAt(points.a, [zeta, at.a], [next, at.aNext]));
    claims.push(valuesAt(points.z, [zeta, at.z], [next, at.zNext]));
    claims.push(valuesAt(points.h, [zeta, at.h], [next, at.hNext]));
    claims.push(valueAt([[1n, points.m]], zeta, at.m));
    claims.push(valueAndSlopeAt(points.A, alpha, rootProduct, slope));

    const chunkValues = chunks.map((chunk) => product(chunk.map((entry) => alpha - entry)));
    const groupValues = groups.map((group) => product(group.map((earlier) => opened[earlier]!.rootProduct)));
    const factors = [mod(slope * (chunkValues[0] ?? 1n)), ...chunkValues.slice(1), ...groupValues];
    const weights = factors.map(powersOf(rho));
    const bezout = quotients.map((point, j): Term => [weights[j]! * factors[j]!, point]);
    claims.push(valueAt([[rootProduct, points.p], ...bezout], alpha, sum(weights)));

    const x = decodePoint(list.commitments.x);
    const r = decodePoint(list.commitments.r);
    const d = decodePoint(list.commitments.d);
    const t = domain.interpolate(tableColumn(list), zeta);
    for (const constraint of constraintsOf(list, domain, at, { alpha, beta, zeta, t, rootProduct })) {
      const weight = divide(gammaPower(), constraint.vanishing);
      linear.push([weight * constraint.x, x], [weight * constraint.r, r], [weight * constraint.d, d]);
      rest = mod(rest + weight * constraint.rest);
    }
  }
  claims.push(valueAt(linear, zeta, mod(-rest)));
  return verifyClaims(claims, transcript, messages);
}

/** The scalars of round 5, in their order: at zeta, and those named Next at zeta * w. */
const OPENED = ['a', 'aNext', 'z', 'zNext', 'h', 'hNext', 'm'] as const;
type Values = Record<(typeof OPENED)[number], bigint>;

/**
 * A constraint at zeta: (x * x(zeta) + r * r(zeta) + d * d(zeta) + rest) / vanishing. The columns x, r and d are never
 * opened at zeta, so their factors are kept apart.
 */
interface Constraint {
  vanishing: bigint;
  x: bigint;
  r: bigint;
  d: bigint;
  rest: bigint;
}

/** The constraints of one list, in the protocol's order. */
function constraintsOf(
  list: SecondList,
  domain: Domain,
  { a, aNext, z, zNext, h, hNext, m }: Values,
  { alpha, beta, zeta, t, rootProduct }: Record<'alpha' | 'beta' | 'zeta' | 't' | 'rootProduct', bigint>,
): Constraint[] {
  const { capacity, end } = domain;
  const dataRows = domain.dataVanishing(zeta);
  const maskRows = domain.vanishing(zeta, capacity, end);
  const onData = (rest: bigint, columns: { x?: bigint; r?: bigint } = {}): Constraint => ({
    vanishing: dataRows,
    x: columns.x ?? 0n,
    r: columns.r ?? 0n,
    d: 0n,
    rest,
  });
  const boundary = (value: bigint, expected: bigint, row: number): Constraint => ({
    vanishing: mod(zeta - domain.at(row)),
    x: 0n,
    r: 0n,
    d: 0n,
    rest: value - expected,
  });
  const step = hNext - h;
  return [
    // a is 0 or 1, and once 0 it stays 0.
    onData(a * (a - 1n)),
    onData(aNext * (1n - a)),
    // (1 - a) r: no code on inactive rows.
    onData(0n, { r: 1n - a }),
    // z' - z (alpha - x): the product of the data rows' roots.
    onData(zNext - z * alpha, { x: z }),
    // (h' - h)(beta + r)(beta + t) - a (beta + t) + m (beta + r): the lookup's running sum.
    onData(step * beta * (beta + t) - a * (beta + t) + m * beta, { r: step * (beta + t) + m }),
    // z' - z (alpha - m): the product of the mask rows' roots.
    { vanishing: maskRows, x: 0n, r: 0n, d: 0n, rest: zNext - z * (alpha - m) },
    boundary(z, 1n, 0),
    boundary(z, rootProduct, end),
    boundary(h, 0n, 0),
    boundary(h, 0n, capacity),
    // d = 0 in the end row.
    { vanishing: mod(zeta - domain.at(end)), x: 0n, r: 0n, d: 1n, rest: 0n },
    ...(list.min > 0 ? [boundary(a, 1n, list.min - 1)] : []),
    ...(list.max < capacity ? [boundary(a, 0n, list.max)] : []),
  ];
}

// ---- row openings ----

function verifyOpening(
  digest: Uint8Array,
  entryNumber: number,
  list: SecondList,
  rows: SecondRow[],
  proof: Uint8Array,
): boolean {
  mustBeBytes(digest, 32, 'a digest');
  must(rows.length > 0, 'at least one row');
  const domain = new Domain(list.n);
  const commitment = {
    x: decodePoint(list.commitments.x),
    r: decodePoint(list.commitments.r),
    d: decodePoint(list.commitments.d),
  };
  const transcript = new Transcript(digest);
  transcript.absorb('rows of', u32le(entryNumber));
  const claims: Claim[] = [];
  let previous = -1;
  for (const { index, x, r, d } of rows) {
    must(Number.isInteger(index) && index > previous && index < domain.capacity, 'increasing indices below v');
    must(isScalar(x) && isScalar(r) && isScalar(d) && r !== 0n, 'canonical values of an active row');
    previous = index;
    transcript.absorb('row', concat(u32le(index), scalarBytes(x), scalarBytes(r), scalarBytes(d)));
    claims.push(valueAt([[1n, commitment.x]], domain.at(index), x));
    claims.push(valueAt([[1n, commitment.r]], domain.at(index), r));
    claims.push(valueAt([[1n, commitment.d]], domain.at(index), d));
  }
  return verifyClaims(claims, transcript, new Messages(proof, transcript));
}
