import { digestBytes, digestText, type Digest } from '@cap/crypto';
import { LIST_FIELDS, valueFault, type ListName } from '@cap/lists';
import { commitmentRoot } from '../../commitment/merkle.js';
import { openingFieldsFault, openingLeaf, type RowOpening } from '../../commitment/merkle-blake3.js';
import { merkleCommitment, type Manifest, type MerkleCommitment } from '../../manifest/manifest.js';
import type { BoundStatement } from '../../statement/statement.js';
import type { OpenedList } from '../opened-rows.js';
import { fault, OK, type StepOutcome } from '../outcome.js';
import { bindingOutcome, unreadable } from '../payload.js';
import { readDisclosure, type DisclosurePayload, type ListDisclosure } from './payload.js';

/** What a disclosure is checked against, apart from policy and reference lists. */
export type DisclosureContext = BoundStatement & { manifest: Manifest };

/** What a disclosure's own bytes come to: nothing that needs the policy or the reference lists, so that any thread can do it. */
export interface CheckedDisclosure {
  /** Is the payload bound to this manifest, policy and statement? */
  binding: StepOutcome;
  validity: StepOutcome;
  /** Empty unless binding and validity are ok. */
  lists: OpenedList[];
}

/** Checks a disclosure from the outside in: payload, binding, each list's root, each opened row. */
export function checkDisclosure(context: DisclosureContext, bytes: Uint8Array): CheckedDisclosure {
  let payload: DisclosurePayload;
  try {
    payload = readDisclosure(bytes);
  } catch (error) {
    return { ...unreadable('disclosure', context, error), lists: [] };
  }
  const binding = bindingOutcome('disclosure', context, payload.statement_digest);
  if (!binding.ok) return { binding, validity: binding, lists: [] };
  const validity = payloadOutcome(payload, context.manifest);
  const lists = validity.ok ? payload.lists.map((disclosed) => openedList(disclosed, context.manifest)) : [];
  return { binding, validity, lists };
}

function payloadOutcome({ lists }: DisclosurePayload, manifest: Manifest): StepOutcome {
  for (const [i, disclosed] of lists.entries()) {
    const { list } = disclosed;
    if (lists.findIndex((other) => other.list === list) !== i)
      return fault(`${list} are disclosed twice`, 'once', 'twice');
    const commitment = merkleCommitment(manifest, list);
    if (!commitment) return fault(`the manifest has no merkle-blake3.v3 commitment of ${list}`, 'a commitment', 'none');
    const outcome = rootOutcome(disclosed, commitment);
    if (!outcome.ok) return outcome;
    for (const [j, row] of disclosed.rows.entries()) {
      const before = j === 0 ? -1 : disclosed.rows[j - 1]!.index;
      const rowOutcome = row.index > before ? openingOutcome(disclosed, row) : notAscending(list, row, before);
      if (!rowOutcome.ok) return rowOutcome;
    }
  }
  return OK;
}

const notAscending = (list: ListName, row: RowOpening, before: number): StepOutcome =>
  fault(`${list}: rows must stand in increasing order of their index`, `more than ${before}`, String(row.index));

function rootOutcome({ list, leaf_hashes }: ListDisclosure, { root, count }: MerkleCommitment): StepOutcome {
  if (leaf_hashes.length !== count)
    return fault(
      `${list}: as many leaf hashes as the commitment counts rows`,
      String(count),
      String(leaf_hashes.length),
    );
  const unsorted = leaf_hashes.findIndex((hash, i) => i > 0 && leaf_hashes[i - 1]! >= hash);
  if (unsorted !== -1)
    return fault(
      `${list}: leaf hashes must be sorted and different`,
      `more than ${leaf_hashes[unsorted - 1]}`,
      leaf_hashes[unsorted]!,
    );
  const recomputed: Digest = digestText(commitmentRoot(leaf_hashes.map(digestBytes)));
  return recomputed === root ? OK : fault(`${list}: the leaf hashes have another root`, root, recomputed);
}

function openingOutcome({ list, leaf_hashes }: ListDisclosure, row: RowOpening): StepOutcome {
  const place = `${list}, row ${row.index}`;
  const leaf = leaf_hashes[row.index];
  if (leaf === undefined)
    return fault(`${place}: no such leaf`, `an index below ${leaf_hashes.length}`, String(row.index));
  const fields = openingFieldsFault(list, row);
  if (fields !== null) return fault(`${place}: ${fields}`, 'every field opened or hidden', fields);
  for (const [name, { value }] of Object.entries(row.fields)) {
    const why = valueFault(LIST_FIELDS[list][name]!.kind, value);
    if (why !== null) return fault(`${place}: ${name}: ${why}`, why, JSON.stringify(value));
  }
  const recomputed = digestText(openingLeaf(list, row));
  return recomputed === leaf ? OK : fault(`${place}: the opened row has another leaf hash`, leaf, recomputed);
}

function openedList({ list, leaf_hashes, rows }: ListDisclosure, manifest: Manifest): OpenedList {
  return {
    list,
    idScheme: merkleCommitment(manifest, list)!.id_scheme,
    count: leaf_hashes.length,
    rows: rows.map(({ index, fields, hidden }) => ({
      index,
      fields: Object.fromEntries(Object.entries(fields).map(([name, { value }]) => [name, value])),
      hidden: Object.keys(hidden),
    })),
  };
}
