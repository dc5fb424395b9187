import { createPublicKey } from 'node:crypto';
import { CapError, type JsonObject, type JsonValue, parseJson } from '@cap/core';
import { inputName, readInput } from '../frame/input.js';
import { printResult, type CliIo } from '../frame/io.js';
import { writeOutput } from '../frame/output.js';

/**
 * Writes the public key of a JWK, or of one key of a JWK set (RFC 7517), as SPKI PEM. A set holds old and new keys beside
 * each other: the key id chooses, never the place in the set. A private half is not read.
 */
export async function jwkToPem(
  io: CliIo,
  options: { kid?: string; out: string; json?: boolean },
  file: string,
): Promise<void> {
  const name = inputName(file);
  const jwk = chosen(keysOf(parseJson(await readInput(io, file), name), name), options.kid, name);
  const pem = pemOf(jwk, name);
  await writeOutput(io, options.out, pem);
  // The PEM itself is on stdout: nothing else may be.
  if (options.out !== '-')
    printResult(io, options, { file: options.out, kid: jwk.kid ?? null, kty: jwk.kty }, () => options.out);
}

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

function chosen(keys: readonly JsonObject[], kid: string | undefined, name: string): JsonObject {
  const kids = keys.map((key) => (typeof key.kid === 'string' ? key.kid : '(without kid)')).join(', ') || 'none';
  const fitting = kid === undefined ? keys : keys.filter((key) => key.kid === kid);
  if (fitting.length === 1) return fitting[0]!;
  return refuse(
    kid === undefined
      ? `${name}: ${keys.length} keys; name one with --kid: ${kids}`
      : `${name}: ${fitting.length} keys with the kid ${kid}; there are ${kids}`,
  );
}

function pemOf({ kty, crv, n, e, x, y }: JsonObject, name: string): string {
  const members = Object.entries({ kty, crv, n, e, x, y }).filter(([, member]) => member !== undefined);
  try {
    const key = createPublicKey({ key: Object.fromEntries(members), format: 'jwk' });
    return key.export({ type: 'spki', format: 'pem' }) as string;
  } catch (cause) {
    return refuse(`${name}: not the public key of a JWK that can be read (${(cause as Error).message})`, cause);
  }
}
