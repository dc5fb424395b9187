import { readdir } from 'node:fs/promises';
import { CapError, isCapError } from '@cap/core';
import { isMissing, readError } from '@cap/core/files';
import { isKid, publicKeyText, type PublicKeyText } from '@cap/crypto';
import { readKeyRecord, readPublicKey, requireInForce, requireUsage, type KeyRecord } from '@cap/crypto/key-files';
import { keyDirectory } from '../keys/key-directory.js';

export interface Signer {
  kid: string;
  publicKey: PublicKeyText;
}

interface SignerOptions {
  project: string;
  key?: string | undefined;
  keys?: string | undefined;
}

/**
 * The key that a proof names: `--key`, else the only usable one in the directory. Its public half is enough, so the private one
 * may be elsewhere until the bundle is signed.
 */
export async function proofSigner(options: SignerOptions, now: Date): Promise<Signer> {
  const directory = keyDirectory(options);
  const kid = options.key ?? (await onlyUsableKey(directory, options, now));
  if (!isKid(kid)) throw new CapError('option.key', `--key ${kid.slice(0, 80)}: expected a key id, 32 hex digits`);
  const publicKey = publicKeyText(await readPublicKey(directory, kid));
  requireUsable(await recordIfPresent(directory, kid), now);
  return { kid, publicKey };
}

async function onlyUsableKey(directory: string, { project, keys }: SignerOptions, now: Date): Promise<string> {
  const usable: { kid: string; owner: string | undefined }[] = [];
  const unusable: string[] = [];
  for (const kid of await kidsIn(directory)) {
    const record = await recordIfPresent(directory, kid);
    const why = whyUnusable(record, now);
    if (why === null) usable.push({ kid, owner: record?.owner });
    else unusable.push(why);
  }
  const [only, ...others] = usable;
  if (only && others.length === 0) return only.kid;
  const where = keys === undefined ? `--project ${project}` : `--keys ${keys}`;
  throw new CapError(
    'option.key',
    only
      ? `there are several keys in ${directory}, and a proof names the one that will sign it; choose one with --key: ${usable.map(({ kid, owner }) => (owner === undefined ? kid : `${kid} (${owner})`)).join(', ')}`
      : `there is no key in ${directory} that can sign, and a proof names the one that will; create one: cap keys generate ${where} --owner "COMPANY"` +
          unusable.map((why) => `\n${why}`).join(''),
  );
}

/** Key ids of the public keys in the directory, sorted. */
async function kidsIn(directory: string): Promise<string[]> {
  let names: string[];
  try {
    names = await readdir(directory);
  } catch (cause) {
    if (isMissing(cause)) return [];
    throw readError(directory, cause);
  }
  return names
    .filter((name) => name.endsWith('.pub'))
    .map((name) => name.slice(0, -'.pub'.length))
    .filter(isKid)
    .sort();
}

/** Null for a public key without a record: the record is where the private half is, and is checked when the bundle is signed. */
async function recordIfPresent(directory: string, kid: string): Promise<KeyRecord | null> {
  try {
    return await readKeyRecord(directory, kid);
  } catch (error) {
    if (isCapError(error) && error.kind === 'missing') return null;
    throw error;
  }
}

function requireUsable(record: KeyRecord | null, now: Date): void {
  if (record === null) return;
  requireInForce(record, now);
  requireUsage(record, 'bundle');
}

function whyUnusable(record: KeyRecord | null, now: Date): string | null {
  try {
    requireUsable(record, now);
    return null;
  } catch (error) {
    if (isCapError(error) && error.code === 'key.forbidden') return error.message;
    throw error;
  }
}
