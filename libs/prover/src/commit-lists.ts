import { randomBytes } from 'node:crypto';
import { jcs } from '@cap/core';
import { digestText } from '@cap/crypto';
import {
  defaultIdScheme,
  type IdScheme,
  type ListName,
  type ListRow,
  type SupplierRow,
  type UboRow,
  assertIdentifiers,
} from '@cap/lists';
import type { Intake } from '@cap/lists/intake';
import { WorkerPool } from '@cap/proof';
import type { ColumnsCommitment, Commitment } from '@cap/proof/manifest';
import { columnLayout, commit, commitColumns, type CommittedList, JobScheduler, SEED_BYTES } from '@cap/proof/prove';

export const LISTS: readonly ListName[] = ['suppliers', 'ubos'];

export interface PrepareInput {
  suppliers: Intake<SupplierRow>;
  ubos: Intake<UboRow>;
  /** The files' names, for messages. */
  files: Record<ListName, string>;
  /** Scheme of a list where it is not to be the default. */
  idSchemes?: Partial<Record<ListName, IdScheme>>;
  /** RFC 3339 UTC. */
  now: string;
  /** Threads beside this one; 0 if left out. */
  threads?: number;
  /** Encrypts the secrets file, e.g. to age recipients; it is then named secrets.json.age. */
  protect?: (secrets: Uint8Array) => Promise<Uint8Array>;
}

/** A list in leaf order, with the line of each row in the company's file. */
type ListWithLines = CommittedList & { lines: number[] };

/** Commits to both lists under every scheme. `secrets` is the secrets file. Throws CapError `list.invalid`. */
export async function commitToLists(
  input: PrepareInput,
): Promise<{ committed: ListWithLines[]; commitments: Commitment[]; secrets: Buffer }> {
  const committed = LISTS.map((list): ListWithLines => {
    const intake: Intake<ListRow> = input[list];
    const scheme = input.idSchemes?.[list] ?? defaultIdScheme(list);
    assertIdentifiers(list, intake, scheme, input.files[list]);
    const result = commit(list, intake.rows, scheme);
    return { ...result, lines: result.order.map((i) => intake.lines[i]!) };
  });
  const seed = randomBytes(SEED_BYTES);
  const columns = await committedColumns(committed, seed, input.threads ?? 0);
  const commitments = [...committed.map(({ commitment }) => commitment), ...columns];
  const secrets = jcs({
    schema: 'cap-secrets.v1',
    lists: Object.fromEntries(committed.map(({ commitment, secrets }) => [commitment.list, secrets])),
    columns_seed: digestText(seed),
  });
  return { committed, commitments, secrets };
}

/** The kzg-columns.v1 commitments to the lists. */
async function committedColumns(
  lists: readonly CommittedList[],
  seed: Uint8Array,
  threads: number,
): Promise<ColumnsCommitment[]> {
  const pool = threads > 0 ? new WorkerPool(threads) : null;
  try {
    const made: ColumnsCommitment[] = [];
    for (const { commitment, rows, leaves } of lists) {
      const { list, id_scheme } = commitment;
      const layout = columnLayout(list, rows, leaves, id_scheme, seed);
      made.push(await commitColumns(list, id_scheme, layout, new JobScheduler(pool)));
    }
    return made;
  } finally {
    await pool?.close();
  }
}
