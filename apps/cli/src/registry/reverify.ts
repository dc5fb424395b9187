import { buffer } from 'node:stream/consumers';
import { type EntryRecord } from '@cap/contracts';
import { EXIT, type ExitCode, isCapError } from '@cap/core';
import { type CompiledPolicy, compilePolicy } from '@cap/policy';
import {
  type PublishedList,
  parseTrustStore,
  type TrustStore,
  verifyBundle,
  type VerificationSources,
} from '@cap/verify';
import { readBundle } from '@cap/proof';
import { openBlobs, type BlobSource } from '../blob/blob-source.js';
import { inputName, readInput } from '../frame/input.js';
import { printResult, progress, progressDone, table, type CliIo } from '../frame/io.js';
import { type RegistryPlace } from '../frame/place-options.js';
import { readPolicy } from '../policy/read-policy.js';
import { openEntries } from './entry-source.js';
import { openHeld, type Held } from './held.js';

interface Options extends RegistryPlace {
  policy?: string;
  trust?: string;
  allowMock: boolean;
  json?: boolean;
}

/** An entry whose bundle would get another verdict today. */
interface Change {
  entry_id: string;
  bundle_id: string;
  registered: EntryRecord['result'];
  now: EntryRecord['result'] | 'unreadable';
  /** The checks and rules that are not fine. */
  because: string[];
}

/**
 * Judges every registered bundle again, under this policy and trust store, and says whose verdict would be another one.
 * Nothing is written. The time of registration is the trusted time of a signature. Exit 2 if a verdict would change.
 */
export async function reverify(io: CliIo, options: Options): Promise<ExitCode> {
  const trust =
    options.trust === undefined ? null : parseTrustStore(await readInput(io, options.trust), inputName(options.trust));
  const policy = options.policy === undefined ? null : await readPolicy(io, options.policy);
  const [entries, blobs, held] = [
    await openEntries(io, options),
    await openBlobs(io, options),
    await openHeld(io, options),
  ];
  const changes: Change[] = [];
  let judged = 0;
  try {
    let cursor: string | null = null;
    do {
      const page: Awaited<ReturnType<typeof entries.list>> = await entries.list({
        limit: 200,
        ...(cursor === null ? {} : { cursor }),
      });
      for (const entry of page.items) {
        const change = await changeOf(io, entry, { blobs, held, trust, policy, allowMock: options.allowMock });
        if (change) changes.push(change);
        progress(io, `${++judged} bundles judged, ${changes.length} would change`);
      }
      cursor = page.next_cursor;
    } while (cursor !== null);
  } finally {
    progressDone(io);
    await Promise.all([entries.close(), blobs.close(), held.close()]);
  }
  printResult(io, options, { judged, changes }, () =>
    changes.length === 0
      ? `${judged} bundles judged again: every verdict stays`
      : table(
          ['entry', 'bundle', 'registered', 'now', 'because'],
          changes.map(({ entry_id, bundle_id, registered, now, because }) => [
            entry_id,
            bundle_id,
            registered,
            now,
            because.join(', '),
          ]),
        ),
  );
  if (changes.length > 0) io.err(`${changes.length} of ${judged} verdicts would change. Nothing was written.\n`);
  return changes.length === 0 ? EXIT.ok : EXIT.fault;
}

interface Judging {
  blobs: BlobSource;
  held: Held;
  trust: TrustStore | null;
  policy: CompiledPolicy | null;
  allowMock: boolean;
}

async function changeOf(io: CliIo, entry: EntryRecord, judging: Judging): Promise<Change | null> {
  const { entry_id, bundle_id, result: registered } = entry;
  const outcome = await judgeAgain(io, entry, judging);
  return outcome.now === registered ? null : { entry_id, bundle_id, registered, ...outcome };
}

async function judgeAgain(
  io: CliIo,
  { bundle_id, registered_at }: EntryRecord,
  { blobs, held, trust, policy, allowMock }: Judging,
): Promise<Pick<Change, 'now' | 'because'>> {
  const body = await blobs.get(bundle_id);
  if (!body) return { now: 'unreadable', because: ['its BLOB is gone'] };
  const sources: VerificationSources = {
    policy: policy && { compiled: policy, status: 'active' },
    policyByHash: async (hash) => {
      const found = await held.policy(hash);
      return found && { compiled: compilePolicy(found.document, { lintMode: 'relaxed' }), status: found.status };
    },
    referenceList: (hash): Promise<PublishedList | null> => held.list(hash),
    registryEntry: () => ({ registered_at }),
    trust,
  };
  try {
    const { report } = await verifyBundle(await readBundle(await buffer(body)), sources, {
      allowMock,
      checkRegistry: true,
      now: () => io.now(),
    });
    const because = [
      ...report.checks.filter(({ status }) => status === 'fail' || status === 'warn').map(({ id }) => id),
      ...report.rules
        .filter(({ status }) => status !== 'proven' && status !== 'disclosed')
        .map(({ rule_id, status }) => `${rule_id} ${status}`),
    ];
    return { now: report.result, because };
  } catch (error) {
    if (isCapError(error) && error.kind === 'input') return { now: 'unreadable', because: [error.message] };
    throw error;
  }
}
