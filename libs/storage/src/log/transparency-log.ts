import { createPublicKey, type KeyObject } from 'node:crypto';
import { type ErrorCode, CapError } from '@cap/core';
import {
  eventLeaf,
  formatOrigin,
  formatCheckpointText,
  parseCheckpoint,
  type Receipt,
  type SignedCheckpoint,
  verifyCheckpoint,
} from '@cap/tlog';
import type { ConsistencyProof } from '@cap/tlog/consistency';
import {
  consistencyProof,
  consistencyProofIndexes,
  inclusionProof,
  inclusionProofIndexes,
  leafHash,
  treeHash,
  treeHashIndexes,
  verifyConsistency,
  verifyInclusion,
} from '@cap/tlog/merkle';
import { formatNote, signNoteText, verifierKey } from '@cap/tlog/notes';
import type { RegistryReader } from '../database/registry-reader.js';
import type { CheckpointStore } from '../stores.js';
import { CheckpointPublisher, type CheckpointPublisherOptions } from './checkpoint-publisher.js';

export interface LogSigning {
  /** The log's name, without its epoch. */
  origin: string;
  /** Ed25519 private keys. The first is the log's key; while it replaces others, these sign too. */
  keys: readonly KeyObject[];
}

export interface TransparencyLogOptions extends LogSigning, CheckpointPublisherOptions {
  /** Called with every proof that does not verify, before the call fails. */
  onProofFailure?: ((error: CapError) => void) | undefined;
}

/** A tree that this process has signed. */
interface SignedTree {
  size: number;
  root: Buffer;
  /** The checkpoint as a signed note. */
  note: string;
}

type Reader = Pick<RegistryReader, 'totals' | 'epoch' | 'logHashes' | 'listEvents'>;

/**
 * Signs what was committed, and proves it. A tree is only signed after its size was read back from the database, and only if it is
 * consistent with the last one that was signed or published; every proof is verified here before it is returned. A proof that
 * fails means that the database was changed from outside: nothing more is signed until the process restarts.
 */
export class TransparencyLog {
  #signed: SignedTree | null = null;
  #signing: Promise<unknown> = Promise.resolve();
  #fault: CapError | null = null;
  readonly #publisher: CheckpointPublisher;

  private constructor(
    private readonly reader: Reader,
    checkpoints: CheckpointStore,
    private readonly epoch: number,
    private readonly options: TransparencyLogOptions,
  ) {
    this.#publisher = new CheckpointPublisher(checkpoints, epoch, options);
  }

  /**
   * CapError log.cut, log.changed if the database does not contain the tree of the last checkpoint written beside it;
   * log.epoch if a later epoch was in use, or this one does not start in the log; log.key if none of the keys signed that
   * checkpoint; log.checkpoint if it can't be read or written.
   */
  static async open(
    reader: Reader,
    checkpoints: CheckpointStore,
    options: TransparencyLogOptions,
  ): Promise<TransparencyLog> {
    const { epoch } = await reader.epoch();
    await compareWithCheckpoints(reader, checkpoints, options.keys);
    const log = new TransparencyLog(reader, checkpoints, epoch, options);
    // A newer one is from another process: what that signed is in the database, and so in the next tree.
    while (!(await log.#publisher.writeNow((await log.checkpoint()).note)));
    return log;
  }

  /** `name/epoch`. */
  get origin(): string {
    return formatOrigin({ name: this.options.origin, epoch: this.epoch });
  }

  /** The fault found in the log, if any: readiness reports it. */
  get fault(): CapError | null {
    return this.#fault;
  }

  /** Why the newest checkpoint is not beside the database; null while it is, or is about to be. */
  get checkpointFault(): CapError | null {
    return this.#publisher.fault;
  }

  /** The checkpoint of everything that is committed now, as a signed note. */
  async checkpoint(): Promise<SignedTree> {
    for (;;) {
      const { log_size } = await this.reader.totals();
      if (this.#signed?.size === log_size) return this.#signed;
      await this.#inTurn(() => this.#signNewest(log_size));
      if (this.#signed && this.#signed.size >= log_size) return this.#signed;
    }
  }

  /** The signed note of the tree of `size` events. CapError request.schema for more than there are. */
  async checkpointOf(size: number): Promise<string> {
    return (await this.#treeOf(size)).note;
  }

  /** Proves that the event is in the tree of `size` events; default: of all that are committed. CapError entry.unknown, request.schema. */
  async receipt(index: number, size?: number): Promise<Receipt> {
    return this.#receiptOf(index, await this.#treeOf(size));
  }

  /** For an event committed just now: one tree is read and signed for the whole group. */
  async receiptOfCommitted(index: number): Promise<Receipt> {
    const signed = this.#signed;
    return this.#receiptOf(index, signed && !this.#fault && index < signed.size ? signed : await this.checkpoint());
  }

  async #receiptOf(index: number, tree: SignedTree): Promise<Receipt> {
    if (index >= tree.size)
      throw new CapError('entry.unknown', `index: the tree of ${tree.size} events has no event ${index}`);
    const [event] = await this.reader.listEvents(index, 1);
    const leaf = event && event.seq === index ? eventLeaf(event) : Buffer.alloc(0);
    const hashes = await this.reader.logHashes(inclusionProofIndexes(index, tree.size));
    const proof = this.#derive(() => inclusionProof(index, tree.size, hashes));
    if (!verifyInclusion({ index, size: tree.size, leafHash: leafHash(leaf), root: tree.root, proof }))
      throw this.#fail('log.inclusion', `event ${index} is not in the tree of ${tree.size} events that was signed`);
    return {
      log_index: index,
      tree_size: tree.size,
      leaf,
      inclusion_proof: proof,
      checkpoint: parseCheckpoint(tree.note),
    };
  }

  /** Proves that the tree of `from` events is a prefix of that of `to`; default: of all that are committed. CapError request.schema. */
  async consistency(from: number, to?: number): Promise<ConsistencyProof> {
    const tree = await this.#treeOf(to);
    if (from > tree.size)
      throw new CapError('request.schema', `from: ${from} is more than the ${tree.size} events of the tree`);
    const old = from === tree.size ? tree : await this.#sign(from);
    const proof = await this.#proveConsistency(old, tree);
    return { from, to: tree.size, proof, checkpoint: parseCheckpoint(tree.note) };
  }

  /** Waits until the checkpoint of everything committed is written beside the database. */
  async close(): Promise<void> {
    // Perhaps none was requested since the last commits, and cutting those off would go unnoticed.
    if (!this.#fault) await this.checkpoint().catch((error: unknown) => this.options.onPublishFailure?.(error));
    await this.#signing;
    await this.#publisher.close();
  }

  async #treeOf(size: number | undefined): Promise<SignedTree> {
    const newest = await this.checkpoint();
    if (size === undefined || size === newest.size) return newest;
    if (size > newest.size)
      throw new CapError('request.schema', `the log has ${newest.size} events, ${size} were asked for`);
    const older = await this.#sign(size);
    await this.#proveConsistency(older, newest);
    return older;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#signing.then(work);
    this.#signing = result.catch(() => undefined);
    return result;
  }

  async #signNewest(size: number): Promise<void> {
    const last = this.#signed;
    if (last && last.size === size) return;
    if (last && last.size > size) {
      // Somebody else's turn has signed more meanwhile, or the log has become shorter.
      if ((await this.reader.totals()).log_size >= last.size) return;
      throw this.#fail('log.cut', `the log had ${last.size} events, now it has ${size}`);
    }
    const tree = await this.#sign(size);
    if (last) await this.#proveConsistency(last, tree);
    this.#signed = tree;
    this.#publisher.publish(tree.note);
  }

  async #sign(size: number): Promise<SignedTree> {
    if (this.#fault) throw this.#fault;
    const hashes = await this.reader.logHashes(treeHashIndexes(size));
    const root = this.#derive(() => treeHash(size, hashes));
    const { origin } = this;
    const text = formatCheckpointText({ origin, size, root, extensions: [] });
    const signatures = this.options.keys.map((privateKey) => signNoteText(text, { name: origin, privateKey }));
    return { size, root, note: formatNote({ text, signatures }) };
  }

  async #proveConsistency(old: SignedTree, tree: SignedTree): Promise<Buffer[]> {
    const hashes = await this.reader.logHashes(consistencyProofIndexes(old.size, tree.size));
    const proof = this.#derive(() => consistencyProof(old.size, tree.size, hashes));
    if (!verifyConsistency({ oldSize: old.size, newSize: tree.size, oldRoot: old.root, newRoot: tree.root, proof }))
      throw this.#fail('log.changed', `the tree of ${tree.size} events does not begin with that of ${old.size}`);
    return proof;
  }

  #derive<T>(work: () => T): T {
    try {
      return work();
    } catch (cause) {
      throw this.#fail('log.hash-missing', (cause as Error).message);
    }
  }

  #fail(code: ErrorCode, message: string): CapError {
    this.#fault = new CapError(code, message);
    this.options.onProofFailure?.(this.#fault);
    return this.#fault;
  }
}

/** A log that lost its newest events, or was rewritten, does not hold the tree of a checkpoint that it signed before. */
async function compareWithCheckpoints(
  reader: Reader,
  checkpoints: CheckpointStore,
  keys: readonly KeyObject[],
): Promise<void> {
  const { epoch, first_index } = await reader.epoch();
  const newest = Math.max(0, ...(await checkpoints.epochs()));
  if (newest > epoch)
    throw new CapError(
      'log.epoch',
      `the log was in epoch ${newest} already, this database is in epoch ${epoch}: it is an old copy. Restore it with cap backup restore, which starts an epoch of its own`,
    );
  // Otherwise a forged row alone would be enough to escape the previous epoch's checkpoint.
  const [first] = epoch > 1 ? await reader.listEvents(first_index, 1) : [];
  if (epoch > 1 && (first?.seq !== first_index || first.event !== 'log.epoch' || first.details.epoch !== epoch))
    throw new CapError(
      'log.epoch',
      `the database says that epoch ${epoch} begins at event ${first_index}, but the log has no such event: it was rewritten. Run cap registry fsck; then restore a backup`,
    );
  const note = await checkpoints.read(epoch);
  if (note === null) return;
  const checkpoint = readCheckpoint(note, epoch);
  if (!isSignedBy(checkpoint, keys))
    throw new CapError(
      'log.key',
      `the checkpoint of epoch ${epoch} was changed, or is not signed by registry.log.key: put the old key back, beside the new one if that replaces it. If it is lost, make a backup with cap backup create --data-dir and restore that: the log goes on in its next epoch, under a new key`,
    );
  const { size, root } = checkpoint;
  const { log_size } = await reader.totals();
  if (log_size < size)
    throw new CapError(
      'log.cut',
      `the log has ${log_size} events, the checkpoint beside it says ${size}: its end is missing. Run cap registry fsck; then restore a backup`,
    );
  const found = treeHash(size, await reader.logHashes(treeHashIndexes(size)));
  if (!found.equals(root))
    throw new CapError(
      'log.changed',
      `the first ${size} events don't match the stored checkpoint: the log was rewritten. Run cap registry fsck; then restore a backup`,
    );
}

function readCheckpoint(note: string, epoch: number): SignedCheckpoint {
  try {
    return parseCheckpoint(note, `checkpoint of epoch ${epoch}`);
  } catch (cause) {
    throw new CapError(
      'log.checkpoint',
      `${(cause as Error).message}: the stored checkpoint is damaged. Restore a backup; or, if cap registry fsck finds nothing else and the log can't have been truncated, delete this checkpoint`,
      { cause },
    );
  }
}

/** Checked under the name in the checkpoint: the log may have been renamed. */
function isSignedBy(checkpoint: SignedCheckpoint, keys: readonly KeyObject[]): boolean {
  const logKeys = keys.map((key) => verifierKey('ed25519', checkpoint.origin, createPublicKey(key)));
  return verifyCheckpoint(checkpoint, { logKeys, witnessKeys: [], witnessThreshold: 0 }).failures.length === 0;
}
