import { z } from 'zod';
import { CapError } from '@cap/core';
import { rfc3339 } from '@cap/crypto';
import { isFutureDay, referenceListKind } from '@cap/lists/reference-lists';
import { inputName, readInput } from '../input.js';
import { printResult } from '../io.js';
import { day, serviceUrl } from '../options.js';
import { verb } from '../verb.js';
import { listKind, summarise, unmatchableWords } from './reference-list.js';
import { postToVerifierOrRegistry } from './post.js';

/** Publishes a list under its hash. It is parsed here first, so that every bad row is reported before anything is sent. */
export default verb({
  examples: [
    'CAP_TOKEN_FILE=token cap lists publish sanctions.csv --id sanctions --as-of 2025-11-01 --url https://verifier.example.com',
  ],
  syntax: (command) =>
    command
      .argument('<file>')
      .requiredOption('--id <name>', 'the id that policies and manifests use: sanctions, jurisdictions, …')
      .requiredOption('--url <url>', 'verifier API or registry', serviceUrl)
      .requiredOption('--as-of <day>', 'the day the list is of', day)
      .addOption(listKind('what it is (default: jurisdictions if that is its id, else sanctions)'))
      .option('--token-file <file>', 'access token (default: CAP_TOKEN, CAP_TOKEN_FILE)'),
  run: async (io, options, file) => {
    const { id, asOf: as_of } = options;
    if (isFutureDay(as_of, io.now()))
      throw new CapError('option.day', `--as-of ${as_of} is in the future; it is ${rfc3339(io.now())}`);
    const bytes = await readInput(io, file);
    const kind = options.kind ?? referenceListKind(id);
    const summary = summarise(kind, bytes, inputName(file));
    const record = await postToVerifierOrRegistry(io, options, {
      route: '/lists',
      json: { id, kind, as_of, content: bytes.toString('base64') },
      answer: z.unknown(),
    });
    io.err(unmatchableWords(summary));
    printResult(io, options, { ...summary, record }, () => `${summary.hash}  ${summary.entries} entries`);
  },
});
