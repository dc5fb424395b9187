import { createPublicKey } from 'node:crypto';
import path from 'node:path';
import { type Config, loadConfig } from '@cap/config';
import { CapError, EXIT, type ExitCode } from '@cap/core';
import { openPrivateKey } from '@cap/crypto';
import { type VerifierKey, verifierKey } from '@cap/tlog';
import { migrateRegistry, type MigrationReport } from '@cap/storage';
import { exists, readInput } from '../frame/input.js';
import { printResult, progress, progressDone, type CliIo } from '../frame/io.js';
import { keyPassphrase } from '../keys/directory.js';

interface Options {
  from: string;
  toConfig: string;
  dryRun?: boolean;
  json?: boolean;
}

/** Moves a registry's data directory to the database and the bucket that a configuration names. Exit 2 if anything is wrong. */
export async function migrate(io: CliIo, options: Options): Promise<ExitCode> {
  const { config } = loadConfig({ role: 'registry', file: options.toConfig, environment: io.env });
  const { database, blobs } = config.registry;
  if (typeof blobs === 'string')
    throw new CapError('config.invalid', `${options.toConfig}: names no PostgreSQL database and no bucket`);
  const from = { database: path.join(options.from, 'registry.db'), blobs: path.join(options.from, 'blobs') };
  if (!(await exists(from.database)))
    throw new CapError('file.missing', `no such file: ${from.database}; --from names its directory`);
  const logKeys = await logKeysOf(io, config);
  const migration = await migrateRegistry(
    from,
    { database, ...blobs },
    { dryRun: options.dryRun, logKeys, onProgress: (text) => progress(io, text) },
  );
  progressDone(io);
  printResult(io, options, migration, () => inWords(migration));
  return migration.ok ? EXIT.ok : EXIT.fault;
}

/** The target signs the same log: with a key that its checkpoints are signed with already, under the same name. */
async function logKeysOf(io: CliIo, { registry: { log } }: Config): Promise<VerifierKey[]> {
  if (log.key === undefined)
    throw new CapError('config.invalid', 'registry.log.key is not set: the target needs keys/log.key of the source');
  const passphrase = await keyPassphrase(io);
  const keys: VerifierKey[] = [];
  for (const file of [log.key].flat()) {
    const key = openPrivateKey(await readInput(io, file), file, passphrase);
    keys.push(verifierKey('ed25519', log.origin, createPublicKey(key)));
  }
  return keys;
}

function inWords({ ok, dry_run, faults, kept_as, root_hash, blobs_put, ...counts }: MigrationReport): string {
  const lines = Object.entries(counts).map(
    ([what, count]) => `${String(count).padStart(12)} ${what.replace('_', ' ')}`,
  );
  if (!ok) return [...lines, ...faults.map(({ object, message }) => `fault: ${object}: ${message}`)].join('\n');
  if (dry_run) return [...lines, 'Both ends are fit. Nothing was moved: without --dry-run it is.'].join('\n');
  return [
    ...lines,
    `${String(blobs_put).padStart(12)} BLOBs put by this run`,
    `moved and verified; root of the log: ${root_hash}`,
    `The old database is kept as ${kept_as}. Start the registry with the new configuration.`,
  ].join('\n');
}
