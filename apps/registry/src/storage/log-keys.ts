import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { type Config, ConfigError, isPostgresUrl } from '@cap/config';
import { systemCode } from '@cap/core';
import { makeDirectoryDurable, requirePrivateFile, systemWords, writeFileDurable } from '@cap/core/files';
import { formatVerifierKey, verifierKey } from '@cap/tlog/notes';
import { openPrivateKey, recordBeside } from '@cap/crypto/key-files';

/** The log's keys (LogKeys), as Nest injects them. */
export const LOG_KEYS = Symbol('keys of the log');

/** The keys that sign the log's checkpoints: first the log's own, then those that it replaces. */
export interface LogKeys {
  keys: KeyObject[];
  /** The public keys as C2SP verifier keys, under the log's name without epoch. */
  verifierKeys: string[];
  /** When the keys that have a record beside them expire, by file. */
  ends: { file: string; validTo: Date }[];
  /** The file of a key that was created just now, or null. */
  created: string | null;
}

/**
 * Loads the keys that the configuration names. By default the key is `keys/log.key` beside the database, created at the first
 * start. ConfigError for a named file that does not exist; CapError key.forbidden for one that others
 * can read, key.passphrase, key.malformed.
 */
export async function loadLogKeys(registry: Config['registry'], passphrase?: string): Promise<LogKeys> {
  const { origin, key } = registry.log;
  if (key === undefined && isPostgresUrl(registry.database))
    throw new ConfigError([
      { source: 'configuration', key: 'registry.log.key', expected: 'the key file that all replicas share' },
    ]);
  const ownFile = path.join(path.dirname(path.resolve(registry.database)), 'keys', 'log.key');
  const created = key === undefined ? await createKey(ownFile) : null;
  const keys: KeyObject[] = [];
  const ends: LogKeys['ends'] = [];
  for (const file of key === undefined ? [ownFile] : [key].flat()) {
    keys.push(await readKey(file, passphrase));
    const record = await recordBeside(file);
    if (record) ends.push({ file, validTo: new Date(record.valid_to) });
  }
  const verifierKeys = keys.map((each) => formatVerifierKey(verifierKey('ed25519', origin, createPublicKey(each))));
  return { keys, verifierKeys, ends, created };
}

/** Returns the file, or null if it existed already. */
async function createKey(file: string): Promise<string | null> {
  const existing = await stat(file).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return null;
    throw error;
  });
  if (existing) return null;
  await makeDirectoryDurable(path.dirname(file), 0o700);
  const { privateKey } = generateKeyPairSync('ed25519');
  await writeFileDurable(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600, exclusive: true });
  return file;
}

async function readKey(file: string, passphrase: string | undefined): Promise<KeyObject> {
  const wrong = (expected: string) => new ConfigError([{ source: 'configuration', key: 'registry.log.key', expected }]);
  const pem = await readFile(file).catch((error: unknown) => {
    throw wrong(`a readable key file at ${file}: ${systemWords(error)}`);
  });
  await requirePrivateFile(file);
  const key = openPrivateKey(pem, file, passphrase);
  if (key.asymmetricKeyType !== 'ed25519') throw wrong(`an Ed25519 key at ${file}, not ${key.asymmetricKeyType}`);
  return key;
}
