import type { KeyObject } from 'node:crypto';
import { CapError } from '@cap/core';
import { publicKeyText } from '@cap/crypto';
import { type KeyRecord, readKeyRecord, readPublicKey } from '@cap/crypto/key-files';
import { formatVerifierKey, type NoteKeyType, verifierKey } from '@cap/tlog/notes';
import { printResult } from '../io.js';
import { verb } from '../verb.js';
import { keyDirectory, keyDirectoryOptions } from './key-directory.js';

export default verb({
  examples: [
    'cap keys show 5f0c…',
    'cap keys show 5f0c… --keys witness --note-name witness.example      # its line for trust.json',
  ],
  syntax: (command) =>
    keyDirectoryOptions(command)
      .argument('<kid>')
      .option(
        '--note-name <name>',
        "also its verifier key under this name: a witness's, or a log's origin, by its usage",
      ),
  run: async (io, options, kid) => {
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
  },
});

/** The key as it is written in trust.json, by what it may sign: `log_key`, `witness_key`. */
function verifierKeys({ kid, usage }: KeyRecord, publicKey: KeyObject, name: string): Record<string, string> {
  const text = (type: NoteKeyType) => formatVerifierKey(verifierKey(type, name, publicKey));
  const keys = {
    ...(usage.includes('log') && { log_key: text('ed25519') }),
    ...(usage.includes('witness') && { witness_key: text('cosignature/v1') }),
  };
  if (Object.keys(keys).length > 0) return keys;
  throw new CapError(
    'key.usage',
    `--note-name: key ${kid} is neither a log's nor a witness's: its usage is ${usage.join(', ') || 'none'}`,
  );
}
