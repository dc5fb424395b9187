import { z } from 'zod';
import { CapError } from '@cap/core';
import { isDigest } from '@cap/crypto';
import { printResult } from '../io.js';
import { notEmpty, serviceUrl } from '../options.js';
import { printable } from '../printable.js';
import { verb } from '../verb.js';
import { postToVerifierOrRegistry } from './post.js';

const withdrawn = z.looseObject({ withdrawn_at: z.string(), withdrawal_reason: z.string().nullish() });

/** Withdraws a published list for good: its content stays readable, and verdicts that rely on it get a warning. */
export default verb({
  examples: [
    'CAP_TOKEN_FILE=token cap lists withdraw 0x5f0c… --reason "half of the entries were missing" --url https://verifier.example.com',
  ],
  syntax: (command) =>
    command
      .argument('<hash>')
      .requiredOption('--reason <text>', 'why; stored unencrypted, so it must not name anybody', notEmpty)
      .requiredOption('--url <url>', 'verifier API or registry', serviceUrl)
      .option('--token-file <file>', 'access token (default: CAP_TOKEN, CAP_TOKEN_FILE)'),
  run: async (io, options, text) => {
    const hash = text.replace(/^sha3-256:/u, '0x');
    if (!isDigest(hash))
      throw new CapError('option.hash', `${text}: expected 0x or sha3-256: and 64 lower-case hex digits`);
    const { reason } = options;
    const record = await postToVerifierOrRegistry(io, options, {
      route: `/lists/${hash}/withdraw`,
      json: { reason },
      answer: withdrawn,
    });
    printResult(
      io,
      options,
      { record },
      () => `${hash}  withdrawn at ${record.withdrawn_at}: ${printable(record.withdrawal_reason ?? '')}`,
    );
  },
});
