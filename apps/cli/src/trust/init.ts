import { emptyTrustDocument, parseTrustDocument, trustDocumentBytes } from '@cap/verify/trust';
import { printResult } from '../io.js';
import { writeOutput } from '../output.js';
import { verb } from '../verb.js';
import { DEFAULT_TRUST } from './trust-file.js';

export default verb({
  examples: ['cap trust init --out trust.json'],
  syntax: (command) => command.option('--out <file>', 'the trust store', DEFAULT_TRUST),
  run: async (io, options) => {
    const bytes = trustDocumentBytes(emptyTrustDocument());
    // Never overwrites: whoever lost a trust store this way would trust nobody any more, without noticing.
    await writeOutput(io, options.out, bytes, { exclusive: true });
    if (options.out === '-') return;
    const { hash } = parseTrustDocument(bytes);
    printResult(io, options, { trust: options.out, trust_hash: hash }, () => `${options.out}  ${hash}`);
  },
});
