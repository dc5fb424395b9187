import { z } from 'zod';
import { parseJson } from '@cap/core';
import { comparison, type IdScheme, type ListName } from '@cap/lists';
import { backendById, capacityOf, decodeContainer, PAYLOAD_MEMBERS } from '@cap/proof';
import { columnsCommitment, COMMITTED_LISTS, merkleCommitment, type Manifest } from '@cap/proof/manifest';

/** What whoever holds a manifest and a proof can learn from them. */
export interface Exposure {
  company: Manifest['company'];
  policy: Manifest['policy'];
  reference_lists: Manifest['reference_lists'];
  backend: string | null;
  lists: ListExposure[];
}

export interface ListExposure {
  list: string;
  /** Null for a list without a commitment. */
  id_scheme: IdScheme | null;
  /** What rows are compared by, in words. */
  compared_by: string | null;
  /** Rows of the list, if the manifest's Merkle commitment shows it; null if the number stays hidden. */
  count: number | null;
  /** The range that the number of segments implies; null if the manifest shows the number, or has no columns. */
  count_between: [number, number] | null;
  /** Rows of which at least one field is opened. */
  opened_rows: number;
  /** How many rows have the field opened, by field. */
  opened_fields: Record<string, number>;
  /** How many rows have the field hidden behind its digest. */
  hidden_fields: Record<string, number>;
}

const disclosure = z.object({
  lists: z.array(
    z.object({
      list: z.string(),
      rows: z.array(z.object({ fields: z.record(z.string(), z.unknown()), hidden: z.record(z.string(), z.unknown()) })),
    }),
  ),
});
type Rows = z.infer<typeof disclosure>['lists'][number]['rows'];

/** Judges nothing. Throws what decodeContainer and parseJson throw for a proof that can't be read. */
export function exposureOf(manifest: Manifest, proof: Uint8Array | null): Exposure {
  const opened = new Map<string, Rows>();
  let backend: string | null = null;
  if (proof !== null) {
    const container = decodeContainer(proof);
    const known = backendById(container.backendId);
    backend = known?.name ?? `unknown (${container.backendId})`;
    if (known?.strength === 'disclosed') {
      const parsed = disclosure.parse(parseJson(container.payload, 'proof payload', PAYLOAD_MEMBERS));
      for (const { list, rows } of parsed.lists) opened.set(list, rows);
    }
  }
  // A manifest that commits to a list twice, or to another list, is shown as it is; cap verify fails it.
  const lists = COMMITTED_LISTS.map((list): ListExposure => {
    const id_scheme = manifest.commitments.find((commitment) => commitment.list === list)?.id_scheme ?? null;
    const rows = opened.get(list) ?? [];
    const count = merkleCommitment(manifest, list)?.count ?? null;
    return {
      list,
      id_scheme,
      compared_by: id_scheme && comparison(id_scheme),
      count,
      count_between: count === null ? segmentBounds(manifest, list) : null,
      opened_rows: rows.filter(({ fields }) => Object.keys(fields).length > 0).length,
      opened_fields: countNames(rows.map(({ fields }) => fields)),
      hidden_fields: countNames(rows.map(({ hidden }) => hidden)),
    };
  });
  const { company, policy, reference_lists } = manifest;
  return { company, policy, reference_lists, backend, lists };
}

/** All segments but the last are full. */
function segmentBounds(manifest: Manifest, list: ListName): [number, number] | null {
  const segments = columnsCommitment(manifest, list)?.segments.length;
  return segments === undefined ? null : [(segments - 1) * capacityOf(list), segments * capacityOf(list)];
}

function countNames(rows: readonly Record<string, unknown>[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of rows.flatMap((row) => Object.keys(row))) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
