import { identifier, type IdScheme, type ListName, type ListRow } from '@cap/lists';
import { codeOf } from '@cap/policy/codes';
import { TABLE_VERSIONS, type ColumnsCommitment } from '../../manifest/manifest.js';
import {
  documentElement,
  identifierElement,
  secretColumns,
  seededScalars,
  shuffledOrder,
  type ColumnRow,
  type SecretColumns,
} from './columns.js';
import { domain } from './domain.js';
import type { JobScheduler } from './job-scheduler.js';
import { LIST_SIZES } from './statement.js';

/** A list laid out in columns: its segments, and where each row is. */
export interface ColumnLayout {
  segments: SecretColumns[];
  /** Index of the row in the list, by place: row i of segment s has the place s * v + i. */
  order: number[];
}

/**
 * Lays out a list whose rows have these merkle-blake3.v3 leaf hashes; the same rows, leaves and seed always come to the same
 * columns. Every row must have an identifier under the scheme.
 */
export function columnLayout(
  list: ListName,
  rows: readonly ListRow[],
  leaves: readonly Uint8Array[],
  idScheme: IdScheme,
  seed: Uint8Array,
): ColumnLayout {
  const n = LIST_SIZES[list];
  const { v } = domain(n);
  const order = shuffledOrder(seed, list, leaves);
  const elements = order.map((i): ColumnRow => ({
    x: identifierElement(identifier(rows[i]!, idScheme)!),
    r: BigInt(codeOf(rows[i]!)),
    d: documentElement(leaves[i]!),
  }));
  const segments = Array.from({ length: Math.max(1, Math.ceil(rows.length / v)) }, (_, s) =>
    secretColumns(n, elements.slice(s * v, (s + 1) * v), seededScalars(seed, list, s)),
  );
  return { segments, order };
}

/** The commitment to a list laid out in columns. */
export async function commitColumns(
  list: ListName,
  idScheme: IdScheme,
  { segments }: ColumnLayout,
  scheduler: JobScheduler,
): Promise<ColumnsCommitment> {
  const points = await scheduler.commitments(segments.flatMap(({ polynomials: { x, r, d } }) => [x, r, d]));
  const text = (i: number) => `0x${points[i]!.toString('hex')}`;
  return {
    list,
    scheme: 'kzg-columns.v1',
    id_scheme: idScheme,
    ...TABLE_VERSIONS,
    segments: segments.map((_, s) => ({ x: text(3 * s), r: text(3 * s + 1), d: text(3 * s + 2) })),
  };
}
