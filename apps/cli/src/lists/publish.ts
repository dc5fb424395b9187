import { CapError, rfc3339 } from '@cap/crypto';
import { isToCome, referenceListKind, type ReferenceListKind } from '@cap/proof';
import { RemoteError } from '../frame/failure.js';
import { inputName, readInput } from '../frame/input.js';
import { printResult, type CliIo } from '../frame/io.js';
import { accessToken, request } from '../frame/remote.js';
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
  if (isToCome(options.asOf, io.now()))
    throw new CapError('usage', 'option.day', `--as-of ${options.asOf} is still to come, it is ${rfc3339(io.now())}`);
  const bytes = await readInput(io, file);
  const kind = options.kind ?? referenceListKind(options.id);
  const summary = summarise(kind, bytes, inputName(file));
  const token = await accessToken(io, options.tokenFile);
  const body = JSON.stringify({
    id: options.id,
    kind,
    as_of: options.asOf,
    content: bytes.toString('base64'),
  });
  const post = (route: string) =>
    request(
      { url: options.url, route, token },
      { method: 'POST', headers: { 'content-type': 'application/json' }, body },
    );
  const response = await post('/lists').catch((error: unknown) => {
    // --url may name the verifier API or the registry itself.
    if (error instanceof RemoteError && error.code === 'route.unknown') return post('/v1/lists');
    throw error;
  });
  const record: unknown = await response.json();
  io.err(unmatchableWords(summary));
  printResult(io, options, { ...summary, record }, () => `${summary.hash}  ${summary.entries} entries`);
}
