import { generateKeyPairSync } from 'node:crypto';
import path from 'node:path';
import { calculateJwkThumbprint, exportJWK } from 'jose';
import { printResult } from '../io.js';
import { makeOutputDirectory, writeOutput } from '../output.js';
import { verb } from '../verb.js';
import { ALGORITHM, DEFAULT_ISSUER_DIRECTORY, type IssuerFile } from './issuer-file.js';

export default verb({
  examples: ['cap dev issuer', 'cap dev issuer --out issuer --iss https://auth.example.com --audience cap-verifier'],
  syntax: (command) =>
    command
      .option('--out <dir>', 'where it is created', DEFAULT_ISSUER_DIRECTORY)
      .option('--iss <name>', 'issuer name in its tokens (oauth.issuer)', 'cap-dev-issuer')
      .option('--audience <text>', 'default audience of its tokens (oauth.audience)', 'cap-verifier'),
  run: async (io, options) => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const jwk = await exportJWK(publicKey);
    const kid = await calculateJwkThumbprint(jwk);
    const issuer: IssuerFile = { issuer: options.iss, audience: options.audience, kid };
    const file = (name: string) => path.join(options.out, name);
    await makeOutputDirectory(options.out, 0o700);
    // The private key first, and never over another one: a second run must not invalidate the tokens of the first.
    await writeOutput(io, file('private.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }), {
      mode: 0o600,
      exclusive: true,
    });
    await writeOutput(io, file('public.pem'), publicKey.export({ type: 'spki', format: 'pem' }));
    await writeOutput(io, file('jwks.json'), json({ keys: [{ ...jwk, kid, alg: ALGORITHM, use: 'sig' }] }));
    await writeOutput(io, file('issuer.json'), json(issuer));
    printResult(
      io,
      options,
      { ...issuer, directory: options.out, public_key_path: file('public.pem'), jwks_path: file('jwks.json') },
      () => file('public.pem'),
    );
    io.err(
      `Issuer ${options.iss} is in ${options.out}. For development only: whoever has private.pem can issue tokens.\n`,
    );
  },
});

const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;
