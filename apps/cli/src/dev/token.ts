import { createPrivateKey, randomUUID } from 'node:crypto';
import path from 'node:path';
import { SignJWT } from 'jose';
import { CapError, parseJson } from '@cap/core';
import { readInput } from '../input.js';
import { printResult, type CliIo } from '../io.js';
import { scopes, wholeNumber } from '../options.js';
import { writeOutput } from '../output.js';
import { verb } from '../verb.js';
import { ALGORITHM, DEFAULT_ISSUER_DIRECTORY, issuerFile, type IssuerFile } from './issuer-file.js';

export default verb({
  examples: [
    'cap dev token --scope verify:read',
    'CAP_TOKEN="$(cap dev token --scope verify:read)" cap verify bundle.zip --url http://127.0.0.1:8080',
  ],
  syntax: (command) =>
    command
      .requiredOption('--scope <scopes>', 'space-separated, e.g. "verify:read policy:write"', scopes)
      .option('--sub <text>', 'subject of the token', 'developer')
      .option('--issuer <dir>', 'directory of the issuer', DEFAULT_ISSUER_DIRECTORY)
      .option('--audience <text>', "default: the issuer's")
      .option('--expires-in <s>', 'lifetime in seconds', wholeNumber(1, 31_536_000), 3600)
      .option('--out <file>', 'write the token there (mode 0600)', '-'),
  run: async (io, options) => {
    const { issuer, audience, kid } = await readIssuer(io, options.issuer);
    const privateKey = createPrivateKey(await readInput(io, path.join(options.issuer, 'private.pem')));
    const issued = Math.floor(io.now().getTime() / 1000);
    const expires = issued + options.expiresIn;
    const token = await new SignJWT({ scope: options.scope })
      .setProtectedHeader({ alg: ALGORITHM, kid, typ: 'JWT' })
      .setIssuer(issuer)
      .setAudience(options.audience ?? audience)
      .setSubject(options.sub)
      .setIssuedAt(issued)
      .setNotBefore(issued)
      .setExpirationTime(expires)
      .setJti(randomUUID())
      .sign(privateKey);
    const expires_at = new Date(expires * 1000).toISOString();
    if (options.out === '-') return printResult(io, options, { token, expires_at }, () => token);
    await writeOutput(io, options.out, `${token}\n`, { mode: 0o600 });
    if (options.json) printResult(io, options, { file: options.out, expires_at }, () => '');
  },
});

async function readIssuer(io: CliIo, directory: string): Promise<IssuerFile> {
  const file = path.join(directory, 'issuer.json');
  const parsed = issuerFile.safeParse(parseJson(await readInput(io, file), 'issuer.json'));
  if (parsed.success) return parsed.data;
  throw new CapError('issuer.malformed', `${file}: was not written by cap dev issuer`);
}
