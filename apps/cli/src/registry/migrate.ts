import { createPublicKey } from 'node:crypto';
import { EXIT, CapError } from '@cap/core';
import { type Config, loadConfig } from '@cap/config';
import { openPrivateKey } from '@cap/crypto/key-files';
import { migrateRegistry, type MigrationReport } from '@cap/storage';
import { type VerifierKey, verifierKey } from '@cap/tlog/notes';
import { readInput } from '../input.js';
import { printResult, progress, progressDone, type CliIo } from '../io.js';
import { keyPassphrase } from '../keys/key-directory.js';
import { verb } from '../verb.js';
import { dataDirectory } from './directory-registry.js';

/** Moves a data directory to the database and the bucket that a configuration names. Exit 2 if anything is wrong. */
export default verb({
  examples: ['cap registry migrate --from /var/lib/cap-verifier --to-config /etc/cap-verifier/app.yaml --dry-run'],
  syntax: (command) =>
    command
      .requiredOption('--from <dir>', 'the data directory; no registry may be running on it')
      .requiredOption('--to-config <file>', 'configuration of the registry that takes over')
      .option('--dry-run', 'check both ends and change nothing'),
  run: async (io, options) => {
    const { config } = loadConfig({ role: 'registry', file: options.toConfig, environment: io.env });
    const { database, blobs } = config.registry;
    if (typeof blobs === 'string')
      throw new CapError('config.invalid', `${options.toConfig}: names no PostgreSQL database and no bucket`);
    const migration = await migrateRegistry(
      await dataDirectory(options.from, '--from'),
      { database, ...blobs },
      {
        dryRun: options.dryRun,
        logKeys: await logKeysOf(io, config),
        onProgress: (text) => progress(io, text),
      },
    );
    progressDone(io);
    printResult(io, options, migration, () => describe(migration));
    return migration.ok ? EXIT.ok : EXIT.fault;
  },
});

/** The target signs the same log, with a key that already signs its checkpoints, under the same name. */
async function logKeysOf(io: CliIo, { registry: { log } }: Config): Promise<VerifierKey[]> {
  if (log.key === undefined)
    throw new CapError(
      'config.invalid',
      'registry.log.key is not set: the target needs the keys/log.key of the source',
    );
  const passphrase = await keyPassphrase(io);
  const keys: VerifierKey[] = [];
  for (const file of [log.key].flat()) {
    const key = openPrivateKey(await readInput(io, file), file, passphrase);
    keys.push(verifierKey('ed25519', log.origin, createPublicKey(key)));
  }
  return keys;
}

function describe({ ok, dry_run, faults, kept_as, root_hash, blobs_put, ...counts }: MigrationReport): string {
  const lines = Object.entries(counts).map(
    ([what, count]) => `${String(count).padStart(12)} ${what.replace('_', ' ')}`,
  );
  if (!ok) return [...lines, ...faults.map(({ object, message }) => `fault: ${object}: ${message}`)].join('\n');
  if (dry_run) return [...lines, 'Both ends are ready. This was a dry run: nothing was moved.'].join('\n');
  return [
    ...lines,
    `${String(blobs_put).padStart(12)} BLOBs put by this run`,
    `moved and verified; root of the log: ${root_hash}`,
    `The old database is kept as ${kept_as}. Start the registry with the new configuration.`,
  ].join('\n');
}
