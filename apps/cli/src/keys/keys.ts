import {
  type KeyUsage,
  generateKey,
  listKeys,
  publicKeyText,
  readKeyRecord,
  readPublicKey,
  writeError,
} from '@cap/crypto';
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

export async function show(io: CliIo, options: Options, kid: string): Promise<void> {
  const directory = keyDirectory(options);
  const record = await readKeyRecord(directory, kid);
  const public_key = publicKeyText(await readPublicKey(directory, kid));
  printResult(io, options, { ...record, public_key }, () =>
    Object.entries({ ...record, public_key })
      .map(([name, value]) => `${name.padEnd(12)}${Array.isArray(value) ? value.join(', ') : value}`)
      .join('\n'),
  );
}
