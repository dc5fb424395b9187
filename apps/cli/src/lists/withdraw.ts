import { type ListRecord } from '@cap/contracts';
import { CapError } from '@cap/core';
import { isDigest } from '@cap/crypto';
import { printResult, type CliIo } from '../frame/io.js';
import { printable } from '../frame/printable.js';
import { accessToken } from '../frame/remote.js';
import { postToEither } from './post-to-either.js';

interface Options {
  reason: string;
  url: string;
  tokenFile?: string;
  json?: boolean;
}

/** Withdraws a published list, for good: its content stays there, and what rests on it is judged with a warning. */
export async function withdraw(io: CliIo, { reason, url, ...options }: Options, name: string): Promise<void> {
  const hash = name.replace(/^sha3-256:/u, '0x');
  if (!isDigest(hash))
    throw new CapError('option.hash', `${name}: expected 0x or sha3-256: and 64 lower-case hex digits`);
  const token = await accessToken(io, options.tokenFile);
  const record = (await postToEither({ url, route: `/lists/${hash}/withdraw`, token }, { reason })) as ListRecord;
  printResult(
    io,
    options,
    { record },
    () => `${hash}  withdrawn at ${record.withdrawn_at}: ${printable(record.withdrawal_reason ?? '')}`,
  );
}
