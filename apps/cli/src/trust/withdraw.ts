import { CapError } from '@cap/core';
import { isDigest, rfc3339 } from '@cap/crypto';
import { isFutureDay } from '@cap/lists/reference-lists';
import { parseTrustDocument, withdrawList } from '@cap/verify/trust';
import { inputName, readInput } from '../input.js';
import { day } from '../options.js';
import { verb } from '../verb.js';
import { writeTrust } from './add.js';
import { DEFAULT_TRUST, DEFAULT_TRUST_HELP } from './trust-file.js';

/** Offline what `cap lists withdraw` does at a service. */
export default verb({
  examples: ['cap trust withdraw 0x5f0c… trust.json', 'cap trust withdraw 0x5f0c… --on 2025-11-20'],
  syntax: (command) =>
    command
      .argument('<hash>')
      .argument('[trust]')
      .option('--on <day>', 'the day it was withdrawn (default: today)', day)
      .option('--out <file>', 'write the result there instead')
      .addHelpText('after', DEFAULT_TRUST_HELP),
  run: async (io, options, text, trust = DEFAULT_TRUST) => {
    const hash = text.replace(/^sha3-256:/u, '0x');
    if (!isDigest(hash))
      throw new CapError('option.hash', `${text}: expected 0x or sha3-256: and 64 lower-case hex digits`);
    const today = rfc3339(io.now()).slice(0, 10);
    const { on = today } = options;
    if (isFutureDay(on, io.now()))
      throw new CapError('option.day', `--on ${on} is in the future; today is ${today} (UTC)`);
    const { document } = parseTrustDocument(await readInput(io, trust), inputName(trust));
    await writeTrust(io, options, withdrawList(document, hash, on), trust);
  },
});
