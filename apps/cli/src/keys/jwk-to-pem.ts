import { createPublicKey } from 'node:crypto';
import { CapError, type JsonObject, type JsonValue, parseJson } from '@cap/core';
import { inputName, readInput } from '../input.js';
import { printResult } from '../io.js';
import { writeOutput } from '../output.js';
import { verb } from '../verb.js';

/**
 * Writes the public key of a JWK, or of one key of a JWK set (RFC 7517), as SPKI PEM. A set holds old and new keys: the key
 * id chooses, never the position in the set. A private half is not read.
 */
export default verb({
  examples: ['cap keys jwk-to-pem jwks.json --kid 2026-01 --out public.pem'],
  syntax: (command) =>
    command
      .argument('<file>')
      .option('--kid <kid>', 'which key of the set; required if there are several')
      .option('--out <file>', 'where the PEM is written', '-'),
  run: async (io, options, file) => {
    const name = inputName(file);
    const jwk = choose(keysOf(parseJson(await readInput(io, file), name), name), options.kid, name);
    await writeOutput(io, options.out, pemOf(jwk, name));
    // The PEM itself is on stdout: nothing else may be.
    if (options.out !== '-')
      printResult(io, options, { file: options.out, kid: jwk.kid ?? null, kty: jwk.kty }, () => options.out);
  },
});

const refuse = (message: string, cause?: unknown): never => {
  throw new CapError('key.malformed', message, { cause });
};
const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function keysOf(document: JsonValue, name: string): JsonObject[] {
  if (!isObject(document)) return refuse(`${name}: expected a JWK, or {"keys": […]}`);
  if (document.kty !== undefined) return [document];
  return Array.isArray(document.keys) ? document.keys.filter(isObject) : refuse(`${name}: expected kty or keys`);
}

function choose(keys: readonly JsonObject[], kid: string | undefined, name: string): JsonObject {
  const kids = keys.map((key) => (typeof key.kid === 'string' ? key.kid : '(without kid)')).join(', ') || 'none';
  const matching = kid === undefined ? keys : keys.filter((key) => key.kid === kid);
  if (matching.length === 1) return matching[0]!;
  return refuse(
    kid === undefined
      ? `${name}: ${keys.length} keys; choose one with --kid: ${kids}`
      : `${name}: ${matching.length} keys with the kid ${kid}; the set has ${kids}`,
  );
}

function pemOf({ kty, crv, n, e, x, y }: JsonObject, name: string): string {
  const members = Object.entries({ kty, crv, n, e, x, y }).filter(([, member]) => member !== undefined);
  try {
    const key = createPublicKey({ key: Object.fromEntries(members), format: 'jwk' });
    return key.export({ type: 'spki', format: 'pem' }) as string;
  } catch (cause) {
    return refuse(`${name}: not a readable public JWK (${(cause as Error).message})`, cause);
  }
}
