import path from 'node:path';
import { Option } from '@commander-js/extra-typings';
import { EXIT } from '@cap/core';
import { loadConfig } from '@cap/config';
import { type RegistryVerification, verifyRegistry, type VerifyRegistryOptions, verifyScaleOut } from '@cap/storage';
import { chainFault, type ChainEvent, eventLeaf, GENESIS_DIGEST, parseCheckpoint, verifyCheckpoint } from '@cap/tlog';
import { leafHash, storedHashesForAppend, treeHash } from '@cap/tlog/merkle';
import type { VerifierKey } from '@cap/tlog/notes';
import { printResult, progress, progressDone, type CliIo } from '../io.js';
import { anyText } from '../options.js';
import { repeated } from '../repeated-options.js';
import { type BareCommand, type OptionsOf, verb } from '../verb.js';
import { dataDirectory } from './directory-registry.js';
import { readLogKeys } from './log-keys.js';
import { registryOptions, withRegistry } from './open-registry.js';
import { allEvents, allItems, type Registry } from './registry.js';

const syntax = (command: BareCommand) =>
  registryOptions(command)
    .option(
      '--log-key <key>',
      "the log's verifier key, or a file of them: the signatures of its checkpoints are checked; repeatable",
      repeated(anyText),
    )
    .addOption(
      new Option('--config <file>', "the registry's configuration, which names its stores").conflicts([
        'dataDir',
        'url',
      ]),
    );

/** Recomputes everything within reach and compares it with what is stored. Exit 0 only if all of it agrees. */
export default verb({
  examples: [
    'cap registry fsck --data-dir /var/lib/cap-verifier',
    'cap registry fsck --data-dir /var/lib/cap-verifier --log-key log.example/cap+2e…+AR…',
    'cap registry fsck --config /etc/cap-verifier/registry.yaml',
    'cap registry fsck --url http://127.0.0.1:8081        (what can be checked from outside: the event chain)',
  ],
  syntax,
  run: async (io, options) => {
    const { checked, signatures_checked, faults } = await check(io, options);
    progressDone(io);
    printResult(io, options, { ok: faults.length === 0, checked, signatures_checked, faults }, () =>
      [
        ...Object.entries(checked).map(([what, count]) => `${String(count).padStart(9)} ${what}`),
        ...(signatures_checked !== false || !checked.checkpoints
          ? []
          : ['signatures of checkpoints: not checked; give --log-key']),
        ...(checked.checkpoints === 0 && checked.events !== 0
          ? ["no checkpoint: it can't be told whether the end of the log is missing"]
          : []),
        ...(faults.length === 0 ? ['ok'] : faults.map((fault) => `fault: ${fault}`)),
      ].join('\n'),
    );
    return faults.length === 0 ? EXIT.ok : EXIT.fault;
  },
});

interface Findings {
  /** How many of each kind were checked. */
  checked: Record<string, number>;
  /** Whether the log's key was given to check the checkpoints with. */
  signatures_checked?: boolean;
  /** The first ones found. */
  faults: string[];
}

async function check(io: CliIo, options: OptionsOf<typeof syntax>): Promise<Findings> {
  const logKeys = options.logKey && (await readLogKeys(io, options.logKey));
  const verifying = { logKeys, onProgress: (blobs: number) => progress(io, `${blobs} BLOBs read`) };
  if (options.config !== undefined) return checkConfigured(io, options.config, verifying);
  const { dataDir } = options;
  if (dataDir !== undefined)
    return findingsOf(await verifyRegistry(dataDir, { ...(await dataDirectory(dataDir)), ...verifying }));
  return withRegistry(io, options, (registry) => checkFromOutside(io, registry, logKeys));
}

/** The stores that a registry's configuration names, read-only. */
async function checkConfigured(io: CliIo, file: string, verifying: VerifyRegistryOptions): Promise<Findings> {
  const { database, blobs } = loadConfig({ role: 'cli', file, environment: io.env }).config.registry;
  if (typeof blobs !== 'string') return findingsOf(await verifyScaleOut({ database, ...blobs }, verifying));
  return findingsOf(await verifyRegistry(path.dirname(path.resolve(database)), { database, blobs, ...verifying }));
}

function findingsOf(found: RegistryVerification): Findings {
  const { log_size: events, entries, blobs, orphans, checkpoints, signatures_checked } = found;
  return {
    checked: { events, entries, blobs, checkpoints, orphans },
    signatures_checked,
    faults: found.faults.map(({ object, message }) => `${object}: ${message}`),
  };
}

/**
 * The event chain up to the head that the service reports; for each entry its event and its BLOB; and, with the log's key, that
 * the log signs the tree of these events.
 */
async function checkFromOutside(io: CliIo, registry: Registry, logKeys?: VerifierKey[]): Promise<Findings> {
  const faults: string[] = [];
  const leaves: Buffer[] = [];
  // Read before the events: by then the log has as many or more.
  const checkpoint = logKeys && (await registry.checkpoint());
  const { log_size, head_digest } = await registry.head();
  let previous: ChainEvent | null = null;
  for await (const event of allEvents(registry)) {
    const fault = chainFault(previous, event);
    if (fault !== null) {
      faults.push(fault);
      break;
    }
    // The log may have grown since; what the service reported must still be there, unchanged.
    if (event.seq === log_size - 1 && event.digest !== head_digest)
      faults.push(`event ${event.seq}: the service reports the digest ${head_digest}, the log has ${event.digest}`);
    if (checkpoint !== undefined) leaves.push(leafHash(eventLeaf(event)));
    previous = event;
    if (event.seq % 1_000 === 0) progress(io, `${event.seq + 1} of ${log_size} events`);
  }
  const events = (previous?.seq ?? -1) + 1;
  if (faults.length === 0 && events < log_size)
    faults.push(`event ${events}: missing; the service reports a log of ${log_size} events`);
  if (log_size === 0 && head_digest !== GENESIS_DIGEST) faults.push('an empty log with a head digest');
  const entries = await checkEntries(registry, faults);
  if (checkpoint === undefined) return { checked: { events, entries }, faults };
  faults.push(...checkpointFaults(checkpoint, logKeys!, leaves));
  return { checked: { events, entries, checkpoints: 1 }, signatures_checked: true, faults };
}

/** What is wrong with a checkpoint that was read before the events with these leaves. */
function checkpointFaults(note: string, logKeys: VerifierKey[], leaves: readonly Buffer[]): string[] {
  const checkpoint = parseCheckpoint(note, 'checkpoint');
  const { size, root } = checkpoint;
  const { failures } = verifyCheckpoint(checkpoint, { logKeys, witnessKeys: [], witnessThreshold: 0 });
  const faults = failures.map(({ message }) => `checkpoint: ${message}`);
  if (leaves.length < size)
    return [...faults, `checkpoint: covers ${size} events, but only ${leaves.length} are valid`];
  const { hashes } = storedHashesForAppend(leaves.slice(0, size), 0, { readHashes: () => [] });
  const found = treeHash(size, { readHashes: (positions) => positions.map((position) => hashes[position]!) });
  return found.equals(root) ? faults : [...faults, `checkpoint: does not match these ${size} events`];
}

async function checkEntries(registry: Registry, faults: string[]): Promise<number> {
  let checked = 0;
  let last: { entry_id: string; log_index: number } | null = null;
  for await (const { entry_id, bundle_id, log_index } of allItems((page) => registry.listEntries(page))) {
    last = { entry_id, log_index };
    if ((await registry.findBlobSize(bundle_id)) === null)
      faults.push(`entry ${entry_id}: its BLOB ${bundle_id} is missing`);
    checked++;
  }
  // Read last, because entries are added while we check. They are in log order: the last one stands for all.
  if (last !== null && last.log_index >= (await registry.head()).log_size)
    faults.push(`entry ${last.entry_id}: its event ${last.log_index} is not in the log`);
  return checked;
}
