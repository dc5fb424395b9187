import { createPrivateKey, generateKeyPairSync, randomUUID } from 'node:crypto';
import path from 'node:path';
import { calculateJwkThumbprint, exportJWK, SignJWT } from 'jose';
import { z } from 'zod';
import { CapError, parseJson } from '@cap/core';
import { readInput } from '../frame/input.js';
import { printResult, type CliIo } from '../frame/io.js';
import { makeOutputDirectory, writeOutput } from '../frame/output.js';

const ALG = 'ES256';
const issuerFile = z.object({ issuer: z.string(), audience: z.string(), kid: z.string() });

export async function issuer(
  io: CliIo,
  options: { out: string; iss: string; audience: string; json?: boolean },
): Promise<void> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwk = await exportJWK(publicKey);
  const kid = await calculateJwkThumbprint(jwk);
  const about = { issuer: options.iss, audience: options.audience, kid };
  const file = (name: string) => path.join(options.out, name);
  await makeOutputDirectory(options.out, 0o700);
  // The private key first and never over another one: a second run must not end the tokens of the first.
  await writeOutput(io, file('private.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }), {
    mode: 0o600,
    exclusive: true,
  });
  await writeOutput(io, file('public.pem'), publicKey.export({ type: 'spki', format: 'pem' }));
  await writeOutput(io, file('jwks.json'), json({ keys: [{ ...jwk, kid, alg: ALG, use: 'sig' }] }));
  await writeOutput(io, file('issuer.json'), json(about));
  printResult(
    io,
    options,
    { ...about, directory: options.out, public_key_path: file('public.pem'), jwks_path: file('jwks.json') },
    () => file('public.pem'),
  );
  io.err(
    `Issuer ${options.iss} is in ${options.out}. For development only: whoever has private.pem can make tokens.\n`,
  );
}

export async function token(
  io: CliIo,
  options: {
    scope: string;
    sub: string;
    issuer: string;
    audience?: string;
    expiresIn: number;
    out: string;
    json?: boolean;
  },
): Promise<void> {
  const about = issuerFile.safeParse(
    parseJson(await readInput(io, path.join(options.issuer, 'issuer.json')), 'issuer.json'),
  );
  if (!about.success)
    throw new CapError('issuer.malformed', `${path.join(options.issuer, 'issuer.json')}: not of cap dev issuer`);
  const privateKey = createPrivateKey(await readInput(io, path.join(options.issuer, 'private.pem')));
  const issued = Math.floor(io.now().getTime() / 1000);
  const expires = issued + options.expiresIn;
  const jwt = await new SignJWT({ scope: options.scope })
    .setProtectedHeader({ alg: ALG, kid: about.data.kid, typ: 'JWT' })
    .setIssuer(about.data.issuer)
    .setAudience(options.audience ?? about.data.audience)
    .setSubject(options.sub)
    .setIssuedAt(issued)
    .setNotBefore(issued)
    .setExpirationTime(expires)
    .setJti(randomUUID())
    .sign(privateKey);
  const expires_at = new Date(expires * 1000).toISOString();
  if (options.out === '-') return printResult(io, options, { token: jwt, expires_at }, () => jwt);
  await writeOutput(io, options.out, `${jwt}\n`, { mode: 0o600 });
  if (options.json) printResult(io, options, { file: options.out, expires_at }, () => '');
}

const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;
