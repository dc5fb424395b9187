import {
  chainFault,
  type ChainEvent,
  eventLeaf,
  GENESIS_DIGEST,
  leafHash,
  parseCheckpoint,
  storedHashesForAppend,
  treeHash,
  type VerifierKey,
  verifyCheckpoint,
} from '@cap/tlog';
import { loadConfig } from '@cap/config';
import { RegistryClient } from '@cap/contracts';
import { EXIT, type ExitCode } from '@cap/core';
import { printResult, progress, progressDone, type CliIo } from '../frame/io.js';
import { onePlace, type RegistryPlace } from '../frame/place-options.js';
import { accessToken } from '../frame/remote.js';
import { readLogKeys } from './log-keys.js';

/** What was looked at, and the first things that are wrong. */
export interface FsckOutcome {
  /** How many of each kind were checked. */
  checked: Record<string, number>;
  /** Whether the log's key was there to check its checkpoints with. */
  signatures_checked?: boolean;
  faults: string[];
}

interface Options extends RegistryPlace {
  json?: boolean;
  logKey?: string[];
  config?: string;
}

/** Derives everything again that can be reached and compares. Exit 0 only if all is well. */
export async function fsck(io: CliIo, options: Options): Promise<ExitCode> {
  const outcome = await look(io, options);
  progressDone(io);
  const { checked, signatures_checked, faults } = outcome;
  printResult(io, options, { ok: faults.length === 0, checked, signatures_checked, faults }, () =>
    [
      ...Object.entries(checked).map(([what, count]) => `${String(count).padStart(9)} ${what}`),
      ...(signatures_checked !== false || !checked.checkpoints
        ? []
        : ['signatures of checkpoints: not checked, give --log-key']),
      ...(checked.checkpoints === 0 && checked.events !== 0
        ? ['no checkpoint: whether the end of the log is missing can not be told']
        : []),
      ...(faults.length === 0 ? ['ok'] : faults.map((fault) => `fault: ${fault}`)),
    ].join('\n'),
  );
  return faults.length === 0 ? EXIT.ok : EXIT.fault;
}

async function look(io: CliIo, options: Options): Promise<FsckOutcome> {
  const logKeys = options.logKey && (await readLogKeys(io, options.logKey));
  const onProgress = (blobs: number) => progress(io, `${blobs} BLOBs read`);
  if (options.config !== undefined) {
    const { config } = loadConfig({ role: 'cli', file: options.config, environment: io.env });
    return (await import('./data-directory.js')).fsckOfConfigured(config, { logKeys, onProgress });
  }
  const where = onePlace(options);
  if ('dataDir' in where) return (await import('./data-directory.js')).fsckOf(where.dataDir, { logKeys, onProgress });
  const client = new RegistryClient({ url: where.url, token: await accessToken(io, options.tokenFile) });
  return remoteFsck(io, client, logKeys);
}

/**
 * From outside: the event chain up to the head that the service names, for each entry its event and its BLOB, and with the
 * log's key that it signs the tree of these events.
 */
async function remoteFsck(io: CliIo, client: RegistryClient, logKeys?: VerifierKey[]): Promise<FsckOutcome> {
  const faults: string[] = [];
  const leaves: Buffer[] = [];
  try {
    // Before the log is read, which then has as many events or more.
    const checkpoint = logKeys && (await client.checkpoint()).checkpoint;
    const status = await client.status();
    let previous: ChainEvent | null = null;
    let from: number | null = 0;
    while (from !== null && faults.length === 0) {
      const page: Awaited<ReturnType<typeof client.listEvents>> = await client.listEvents({ from, limit: 1000 });
      for (const event of page.items as ChainEvent[]) {
        const fault = chainFault(previous, event);
        if (fault !== null) {
          faults.push(fault);
          break;
        }
        // The log may have grown since; what the service named must be there unchanged.
        if (event.seq === status.log_size - 1 && event.digest !== status.head_digest)
          faults.push(
            `event ${event.seq}: the service names the digest ${status.head_digest}, the log has ${event.digest}`,
          );
        if (checkpoint !== undefined) leaves.push(leafHash(eventLeaf(event)));
        previous = event;
      }
      progress(io, `${(previous?.seq ?? -1) + 1} of ${status.log_size} events`);
      from = page.next_from;
    }
    const events = (previous?.seq ?? -1) + 1;
    if (faults.length === 0 && events < status.log_size)
      faults.push(`event ${events}: missing, the service names a log of ${status.log_size} events`);
    if (status.log_size === 0 && status.head_digest !== GENESIS_DIGEST) faults.push('an empty log with a head digest');
    const entries = await checkEntries(client, faults);
    if (checkpoint === undefined) return { checked: { events, entries }, faults };
    faults.push(...checkpointFaults(checkpoint, logKeys!, leaves));
    return { checked: { events, entries, checkpoints: 1 }, signatures_checked: true, faults };
  } finally {
    await client.close();
  }
}

/** What is wrong with the checkpoint that the service gave before the events whose leaves these are. */
function checkpointFaults(note: string, logKeys: VerifierKey[], leaves: readonly Buffer[]): string[] {
  const checkpoint = parseCheckpoint(note, 'checkpoint');
  const { size, root } = checkpoint;
  const { failures } = verifyCheckpoint(checkpoint, { logKeys, witnessKeys: [], witnessThreshold: 0 });
  const faults = failures.map(({ message }) => `checkpoint: ${message}`);
  if (leaves.length < size) return [...faults, `checkpoint: is of ${size} events, ${leaves.length} hold`];
  const { hashes } = storedHashesForAppend(leaves.slice(0, size), 0, { readHashes: () => [] });
  const found = treeHash(size, { readHashes: (positions) => positions.map((position) => hashes[position]!) });
  return found.equals(root) ? faults : [...faults, `checkpoint: is not of these ${size} events`];
}

async function checkEntries(client: RegistryClient, faults: string[]): Promise<number> {
  let checked = 0;
  let last: { entry_id: string; log_index: number } | null = null;
  let cursor: string | null = null;
  do {
    const page: Awaited<ReturnType<typeof client.listEntries>> = await client.listEntries({
      limit: 1000,
      ...(cursor ? { cursor } : {}),
    });
    for (const { entry_id, bundle_id, log_index } of page.items) {
      last = { entry_id, log_index };
      if ((await client.findBlobSize(bundle_id)) === null)
        faults.push(`entry ${entry_id}: its BLOB ${bundle_id} is missing`);
      checked++;
    }
    cursor = page.next_cursor;
  } while (cursor !== null);
  // Asked only now, since entries come in while we look. They are in log order: the last one speaks for all.
  if (last !== null && last.log_index >= (await client.status()).log_size)
    faults.push(`entry ${last.entry_id}: its event ${last.log_index} is not in the log`);
  return checked;
}
