import path from 'node:path';
import { BackupTarget, dataDirectorySource, runBackup, type Sources } from '@cap/backup';
import { CapError } from '@cap/core';
import { loadSigningKey, requireUsage } from '@cap/crypto';
import { RegistryData } from '@cap/storage';
import { exists } from '../frame/input.js';
import { type CliIo, printResult, progress, progressDone } from '../frame/io.js';
import { keyPassphrase } from '../keys/directory.js';
import { VERSION } from '../version.js';
import { createRemotely } from './remote.js';
import { type SavedDirectory } from './saved-directory.js';
import { sayOmissions } from './words.js';

interface CreateOptions {
  url?: string;
  tokenFile?: string;
  dataDir?: string;
  target?: string;
  key?: string;
  keys?: string;
  save?: SavedDirectory[];
  allowPlaintextKeys?: boolean;
  json?: boolean;
}

/** By the worker behind --url, or of a data directory that nobody owns. */
export async function create(io: CliIo, options: CreateOptions): Promise<void> {
  const { url, tokenFile, json } = options;
  if (url !== undefined)
    return createRemotely(io, {
      url,
      ...(tokenFile === undefined ? {} : { tokenFile }),
      ...(json === undefined ? {} : { json }),
    });
  const { dataDir, target, key, keys } = options;
  if (dataDir === undefined) throw new CapError('option.missing', 'one of --url and --data-dir is needed');
  if (target === undefined || key === undefined || keys === undefined)
    throw new CapError('option.missing', 'with --data-dir also --target, --keys and --key are needed');
  const signer = await loadSigningKey(keys, key, io.now(), await keyPassphrase(io));
  requireUsage(signer.record, 'backup');
  const sources = await sourcesOf(dataDir, options.save ?? []);
  const data = await openRegistry(dataDir);
  try {
    progress(io, 'making a backup');
    const { backup, drill } = await runBackup({
      source: dataDirectorySource(data),
      target: new BackupTarget(path.resolve(target)),
      sources,
      signer,
      allowPlaintextKeys: options.allowPlaintextKeys ?? false,
      recipients: [],
      version: VERSION,
      program: 'cap backup create',
      retention: null,
      now: () => io.now(),
      on: { verified: ({ name }) => progress(io, `${name} is verified; drilling`) },
    });
    progressDone(io);
    sayOmissions(io, backup.incomplete);
    printResult(io, options, { ...backup, drill }, () => backup.name);
  } finally {
    await data.close();
  }
}

/** As the only owner: a backup of a registry that runs is the worker's. CapError storage.owned (busy). */
async function openRegistry(directory: string): Promise<RegistryData> {
  const database = path.join(directory, 'registry.db');
  if (!(await exists(database)))
    throw new CapError('file.missing', `no such file: ${database}; --data-dir names the directory that holds it`);
  return RegistryData.open({ database, blobs: path.join(directory, 'blobs'), program: 'cap backup create' });
}

async function sourcesOf(dataDir: string, saved: readonly SavedDirectory[]): Promise<Sources> {
  const own = path.join(dataDir, 'keys');
  const sources: Sources = { keys: (await exists(own)) ? own : null, config: null, certs: null };
  for (const { name, directory } of saved) sources[name] = directory;
  return sources;
}
