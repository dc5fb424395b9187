import { CapError } from '@cap/core';
import { rfc3339 } from '@cap/crypto';
import { isFutureDay, referenceListKind, type ReferenceListKind } from '@cap/lists';
import { inputName, readInput } from '../frame/input.js';
import { printResult, type CliIo } from '../frame/io.js';
import { accessToken } from '../frame/remote.js';
import { postToEither } from './post-to-either.js';
import { summarise, unmatchableWords } from './reference-list.js';

interface Options {
  id: string;
  kind?: ReferenceListKind;
  url: string;
  asOf: string;
  tokenFile?: string;
  json?: boolean;
}

/** Publishes a list under its hash. It is read here first, so that every bad row is named before anything is sent. */
export async function publish(io: CliIo, options: Options, file: string): Promise<void> {
  if (isFutureDay(options.asOf, io.now()))
    throw new CapError('option.day', `--as-of ${options.asOf} is still to come, it is ${rfc3339(io.now())}`);
  const bytes = await readInput(io, file);
  const kind = options.kind ?? referenceListKind(options.id);
  const summary = summarise(kind, bytes, inputName(file));
  const token = await accessToken(io, options.tokenFile);
  const body = { id: options.id, kind, as_of: options.asOf, content: bytes.toString('base64') };
  const record = await postToEither({ url: options.url, route: '/lists', token }, body);
  io.err(unmatchableWords(summary));
  printResult(io, options, { ...summary, record }, () => `${summary.hash}  ${summary.entries} entries`);
}
