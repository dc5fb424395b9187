import type { SecretColumns } from './columns.js';
import type { Curve, Point } from './curve.js';
import { domain } from './domain.js';
import { scalarBytes } from './field.js';
import type { Claim } from './identities.js';
import type { JobScheduler } from './job-scheduler.js';
import { firstWitness, openingEquation, proverClaims, secondWitness } from './shplonk.js';
import type { ListStatement } from './statement.js';
import { MessageReader, MessageWriter, Rejected, Transcript } from './transcript.js';
import type { Verifier } from './verifier.js';

/** A row as field elements, and its position in its entry's columns. */
export interface OpenedElements {
  index: number;
  x: bigint;
  r: bigint;
  d: bigint;
}

const COLUMNS = ['x', 'r', 'd'] as const;

/** One statement, one entry of it, one sequence of rows: an opening fits no other. */
function transcriptOf(digest: Uint8Array, entry: number, rows: readonly OpenedElements[]): Transcript {
  const transcript = new Transcript(digest);
  transcript.absorb('rows of', littleEndian(entry));
  for (const { index, x, r, d } of rows)
    transcript.absorb('row', Buffer.concat([littleEndian(index), ...[x, r, d].map(scalarBytes)]));
  return transcript;
}

function littleEndian(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

const claimsOf = <T>(n: number, columns: Record<'x' | 'r' | 'd', T>, rows: readonly OpenedElements[]): Claim<T>[] =>
  rows.flatMap((row) =>
    COLUMNS.map((name) => ({
      terms: [[1n, columns[name]]] as [bigint, T][],
      points: [domain(n).points[row.index]!],
      values: [row[name]],
    })),
  );

/** Opens rows (increasing indices) of the statement's entry with that number. The proof is W ‖ W', 96 bytes. */
export async function openRows(
  scheduler: JobScheduler,
  digest: Uint8Array,
  entry: number,
  { n, evaluations, polynomials }: SecretColumns,
  indices: readonly number[],
): Promise<{ rows: OpenedElements[]; proof: Buffer }> {
  const rows = indices.map((index) => {
    const [x, r, d] = COLUMNS.map((name) => evaluations[name][index]!) as [bigint, bigint, bigint];
    return { index, x, r, d };
  });
  return { rows, proof: await proofOf(scheduler, digest, entry, { n, polynomials }, rows) };
}

/** The proof that the columns take these values; it holds only if they do. */
export async function proofOf(
  scheduler: JobScheduler,
  digest: Uint8Array,
  entry: number,
  { n, polynomials }: Pick<SecretColumns, 'n' | 'polynomials'>,
  rows: readonly OpenedElements[],
): Promise<Buffer> {
  const transcript = transcriptOf(digest, entry, rows);
  const messages = new MessageWriter(transcript);
  const claims = proverClaims(claimsOf(n, polynomials, rows));
  const nu = transcript.challenge('nu');
  const witness = firstWitness(claims, nu);
  messages.point('W', (await scheduler.commitments([witness]))[0]!);
  const y = transcript.challenge('y');
  messages.point("W'", (await scheduler.commitments([secondWitness(claims, witness, nu, y)]))[0]!);
  return messages.bytes();
}

/** Throws Rejected unless the committed columns of the entry hold these rows. */
export function verifyRows(
  curve: Curve,
  verifier: Verifier,
  digest: Uint8Array,
  entry: number,
  { n, commitments }: Pick<ListStatement, 'n' | 'commitments'>,
  rows: readonly OpenedElements[],
  proof: Uint8Array,
): void {
  if (rows.length === 0) throw new Rejected('no row is opened');
  rows.forEach(({ index, r }, i) => {
    if (!Number.isInteger(index) || index < 0 || index >= domain(n).v) throw new Rejected(`there is no row ${index}`);
    if (i > 0 && rows[i - 1]!.index >= index) throw new Rejected('rows must stand in increasing order');
    if (r === 0n) throw new Rejected(`row ${index} is empty`);
  });
  const transcript = transcriptOf(digest, entry, rows);
  const messages = new MessageReader(transcript, proof);
  const [x, r, d] = COLUMNS.map((name) => curve.decode(`commitment ${name}`, commitments[name])) as [
    Point,
    Point,
    Point,
  ];
  const nu = transcript.challenge('nu');
  const first = curve.decode('W', messages.point('W'));
  const y = transcript.challenge('y');
  const second = curve.decode("W'", messages.point("W'"));
  messages.end();
  const equation = openingEquation(claimsOf(n, { x, r, d }, rows), { first, second }, nu, y);
  if (!verifier.holds(verifier.reduce(equation, second))) throw new Rejected('the pairing equation does not hold');
}
