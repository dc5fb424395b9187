import { type KeyObject } from 'node:crypto';
import { CapError, writeError } from '@cap/core';
import {
  type KeyRecord,
  type KeyUsage,
  generateKey,
  listKeys,
  publicKeyText,
  readKeyRecord,
  readPublicKey,
} from '@cap/crypto';
import { type NoteKeyType, formatVerifierKey, verifierKey } from '@cap/tlog';
import { printResult, table, type CliIo } from '../frame/io.js';
import { keyDirectory, keyPassphrase, type KeyPlace } from './directory.js';

interface Options extends KeyPlace {
  json?: boolean;
}

export async function generate(
  io: CliIo,
  options: Options & { owner: string; validDays: number; usage: KeyUsage[]; out?: string },
): Promise<void> {
  const directory = options.out ?? keyDirectory(options);
  const passphrase = await keyPassphrase(io);
  const key = await generateKey(directory, {
    owner: options.owner,
    validFrom: io.now(),
    validDays: options.validDays,
    usage: options.usage,
    ...(passphrase === undefined ? {} : { passphrase }),
  }).catch((cause: unknown) => {
    throw writeError(directory, cause);
  });
  const result = { ...key.record, public_key: publicKeyText(key.publicKey), directory };
  printResult(io, options, result, () => key.kid);
  io.err(
    `Key ${key.kid} of ${key.record.owner}, valid to ${key.record.valid_to}, is in ${directory}.\n` +
      (passphrase === undefined ? 'Its private half is not encrypted: keep the file to yourself.\n' : ''),
  );
}

export async function list(io: CliIo, options: Options): Promise<void> {
  const keys = await listKeys(keyDirectory(options));
  printResult(io, options, { keys }, () =>
    table(
      ['kid', 'status', 'valid to', 'usage', 'owner'],
      keys.map(({ kid, status, valid_to, usage, owner }) => [kid, status, valid_to, usage.join(','), owner]),
    ),
  );
}

export async function show(io: CliIo, options: Options & { noteName?: string }, kid: string): Promise<void> {
  const directory = keyDirectory(options);
  const record = await readKeyRecord(directory, kid);
  const publicKey = await readPublicKey(directory, kid);
  const shown = {
    ...record,
    public_key: publicKeyText(publicKey),
    ...(options.noteName === undefined ? {} : verifierKeys(record, publicKey, options.noteName)),
  };
  printResult(io, options, shown, () =>
    Object.entries(shown)
      .map(([name, value]) => `${name.padEnd(12)}${Array.isArray(value) ? value.join(', ') : value}`)
      .join('\n'),
  );
}

/** What stands for the key in trust.json, by what it may sign: `log_key`, `witness_key`. */
function verifierKeys({ kid, usage }: KeyRecord, publicKey: KeyObject, name: string): Record<string, string> {
  const text = (type: NoteKeyType) => formatVerifierKey(verifierKey(type, name, publicKey));
  const keys = {
    ...(usage.includes('log') && { log_key: text('ed25519') }),
    ...(usage.includes('witness') && { witness_key: text('cosignature/v1') }),
  };
  if (Object.keys(keys).length > 0) return keys;
  throw new CapError(
    'key.usage',
    `--note-name: key ${kid} signs for no log and no witness: its usage is ${usage.join(', ') || 'none'}`,
  );
}
