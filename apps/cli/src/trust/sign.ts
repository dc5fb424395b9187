import { loadSigningKey } from '@cap/crypto/key-files';
import { parseTrustDocument, signTrust, trustSignatureFile } from '@cap/verify/trust';
import { inputName, readInput } from '../input.js';
import { printResult } from '../io.js';
import { keyPassphrase } from '../keys/key-directory.js';
import { writeOutput } from '../output.js';
import { verb } from '../verb.js';
import { DEFAULT_TRUST, DEFAULT_TRUST_HELP } from './trust-file.js';

/** Writes the detached signature. Any change of the trust store needs a new one. */
export default verb({
  examples: ['cap trust sign trust.json --keys keys --key 5f0c…'],
  syntax: (command) =>
    command
      .argument('[trust]')
      .requiredOption('--keys <dir>', 'directory of the key')
      .requiredOption('--key <kid>', 'the key to sign with')
      .addHelpText('after', DEFAULT_TRUST_HELP),
  run: async (io, options, trust = DEFAULT_TRUST) => {
    const bytes = await readInput(io, trust);
    const { hash } = parseTrustDocument(bytes, inputName(trust));
    const key = await loadSigningKey(options.keys, options.key, io.now(), await keyPassphrase(io));
    const out = trustSignatureFile(trust);
    await writeOutput(io, out, signTrust(bytes, key));
    printResult(io, options, { signature: out, trust_hash: hash, signer_kid: key.kid }, () => `${out}  by ${key.kid}`);
  },
});
