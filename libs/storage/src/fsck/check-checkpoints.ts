import { type LogTrust, parseCheckpoint, parseOrigin, type SignedCheckpoint, verifyCheckpoint } from '@cap/tlog';
import type { VerifierKey } from '@cap/tlog/notes';
import type { CheckpointStore } from '../stores.js';
import type { LogState } from './check-log.js';
import type { Faults } from './faults.js';

/** The newest checkpoint of an epoch, as stored beside the database. */
export interface SavedCheckpoint {
  epoch: number;
  checkpoint: SignedCheckpoint;
}

/** To be read before the log is walked, so that the walk can keep the roots to compare them with. */
export async function readCheckpoints(
  store: Pick<CheckpointStore, 'read' | 'epochs'>,
  faults: Faults,
): Promise<SavedCheckpoint[]> {
  const kept: SavedCheckpoint[] = [];
  for (const epoch of (await store.epochs()).sort((a, b) => a - b)) {
    const object = nameOf(epoch);
    try {
      const checkpoint = parseCheckpoint((await store.read(epoch))!, object);
      const { origin } = checkpoint;
      if (parseOrigin(origin).epoch !== epoch) faults.add(object, `its origin is ${origin}`);
      else kept.push({ epoch, checkpoint });
    } catch (error) {
      faults.add(object, (error as Error).message);
    }
  }
  return kept;
}

/**
 * A log that lost its end, or was rewritten, does not contain the tree that was signed. What an epoch signed beyond the first event
 * of the next one was lost in a restore, as that event records; there is nothing to compare it with.
 */
export function checkCheckpoints(
  kept: readonly SavedCheckpoint[],
  { head, epochs, roots }: LogState,
  logKeys: readonly VerifierKey[] | undefined,
  faults: Faults,
): void {
  const log_size = head ? head.seq + 1 : 0;
  const current = Math.max(1, ...epochs.keys());
  for (const { epoch, checkpoint } of kept) {
    const object = nameOf(epoch);
    if (logKeys) checkSignature(object, checkpoint, { logKeys, witnessKeys: [], witnessThreshold: 0 }, faults);
    if (epoch > current)
      faults.add('log', `is in epoch ${current}, but has signed in epoch ${epoch}: it is an old copy`);
    const { size, root } = checkpoint;
    if (size > nextEpoch(epoch, epochs)) continue;
    if (size > log_size)
      faults.add(
        'log',
        `has ${log_size} events, ${object} was signed for ${size}: ${size - log_size} are missing at its end`,
      );
    const found = roots.get(size);
    if (found && !found.equals(root))
      faults.add(
        'log',
        `its first ${size} events have the root ${found.toString('base64')}, ${object} says ${root.toString('base64')}: one of them was rewritten`,
      );
  }
}

/** First event of the epoch that came after this one; numbers may be skipped. */
const nextEpoch = (epoch: number, epochs: ReadonlyMap<number, number>): number =>
  Math.min(...[...epochs].filter(([later]) => later > epoch).map(([, first]) => first), Infinity);

function checkSignature(object: string, checkpoint: SignedCheckpoint, trust: LogTrust, faults: Faults): void {
  for (const { message } of verifyCheckpoint(checkpoint, trust).failures) faults.add(object, message);
}

const nameOf = (epoch: number): string => `checkpoint of epoch ${epoch}`;
