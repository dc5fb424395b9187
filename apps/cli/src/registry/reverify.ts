import { buffer } from 'node:stream/consumers';
import { EXIT, isCapError } from '@cap/core';
import type { EntryRecord } from '@cap/contracts';
import type { Digest } from '@cap/crypto';
import { ReferenceList } from '@cap/lists/reference-lists';
import { type CompiledPolicy, compilePolicy } from '@cap/policy';
import { readBundle } from '@cap/proof/bundle';
import {
  publishedList,
  type PublishedList,
  verifyBundle,
  type VerificationSources,
  type VerifierPolicy,
} from '@cap/verify';
import type { TrustStore } from '@cap/verify/trust';
import { printResult, progress, progressDone, table, type CliIo } from '../io.js';
import { readPolicy } from '../policy/policy-file.js';
import { readTrust } from '../trust/trust-file.js';
import { verb } from '../verb.js';
import { registryOptions, withRegistry } from './open-registry.js';
import { allItems, type Registry } from './registry.js';

/** An entry whose bundle would get another verdict today. */
interface Change {
  entry_id: string;
  bundle_id: string;
  registered: EntryRecord['result'];
  now: EntryRecord['result'] | 'unreadable';
  /** The checks and rules that are not ok. */
  because: string[];
}

/**
 * Verifies every registered bundle again, under this policy and trust store, and lists those whose verdict would change. Writes
 * nothing. The time of registration is the trusted time of a signature. Exit 2 if a verdict would change.
 */
export default verb({
  examples: [
    'cap registry reverify --data-dir /var/lib/cap-verifier --trust trust.json',
    'cap registry reverify --url http://127.0.0.1:8081 --policy next.yaml --trust trust.json --json',
  ],
  syntax: (command) =>
    registryOptions(command)
      .option('--policy <file>', 'verify by this policy instead of the one that each manifest names')
      .option('--trust <file>', 'trust.json: signers and policies you trust')
      .option('--no-allow-mock', 'a proof that only claims is a fail'),
  run: async (io, options) => {
    const trust = options.trust === undefined ? null : await readTrust(io, options.trust);
    const policy = options.policy === undefined ? null : await readPolicy(io, options.policy);
    const changes: Change[] = [];
    let judged = 0;
    await withRegistry(io, options, async (registry) => {
      const verification = { registry, sources: sourcesOf(registry, policy, trust), allowMock: options.allowMock };
      for await (const entry of allItems((page) => registry.listEntries(page))) {
        const { entry_id, bundle_id, result: registered } = entry;
        const outcome = await verifyAgain(io, entry, verification);
        if (outcome.now !== registered) changes.push({ entry_id, bundle_id, registered, ...outcome });
        progress(io, `${++judged} bundles verified, ${changes.length} would change`);
      }
    });
    progressDone(io);
    printResult(io, options, { judged, changes }, () =>
      changes.length === 0
        ? `${judged} bundles verified again: no verdict changes`
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
  },
});

type Sources = Omit<VerificationSources, 'registryEntry'>;

/** The registry's policies and lists. It has many bundles with few of them: each is read once. */
function sourcesOf(registry: Registry, policy: CompiledPolicy | null, trust: TrustStore | null): Sources {
  return {
    policy: policy && { compiled: policy, status: 'active' },
    policyByHash: once(async (hash): Promise<VerifierPolicy | null> => {
      const found = await registry.findPolicy(hash);
      return found && { compiled: compilePolicy(found.document, { lintMode: 'relaxed' }), status: found.status };
    }),
    referenceList: once(async (hash): Promise<PublishedList | null> => {
      const record = await registry.findList(hash);
      const bytes = record && (await registry.findListContent(hash));
      return bytes && publishedList(record, new ReferenceList(bytes));
    }),
    trust,
  };
}

function once<T>(load: (hash: Digest) => Promise<T>): (hash: Digest) => Promise<T> {
  const loaded = new Map<Digest, Promise<T>>();
  return (hash) => {
    const value = loaded.get(hash) ?? load(hash);
    loaded.set(hash, value);
    return value;
  };
}

async function verifyAgain(
  io: CliIo,
  { bundle_id, registered_at }: EntryRecord,
  { registry, sources, allowMock }: { registry: Registry; sources: Sources; allowMock: boolean },
): Promise<Pick<Change, 'now' | 'because'>> {
  const body = await registry.findBlob(bundle_id);
  if (!body) return { now: 'unreadable', because: ['its BLOB is gone'] };
  try {
    const { report } = await verifyBundle(
      await readBundle(await buffer(body)),
      { ...sources, registryEntry: () => ({ registered_at }) },
      { allowMock, checkRegistry: true, now: () => io.now() },
    );
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
