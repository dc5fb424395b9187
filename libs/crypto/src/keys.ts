import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { CapError, parseJson } from '@cap/core';
import { makeDirectoryDurable, writeFileDurable, isMissing, readError, requirePrivateFile } from '@cap/core/files';
import { blake3 } from './hash.js';
import { publicKeyFault } from './public-key-fault.js';

/** What a key may be made for. Other names are never written; a record of another version may hold them. */
export const KEY_USAGES = ['bundle', 'backup', 'witness', 'log', 'audit'] as const;
export type KeyUsage = (typeof KEY_USAGES)[number];

/** `<kid>.json` of a key, format cap-key.v2. Times are RFC 3339 UTC. */
export interface KeyRecord {
  schema: 'cap-key.v2';
  kid: string;
  owner: string;
  status: 'active' | 'retired' | 'revoked';
  valid_from: string;
  valid_to: string;
  revoked_at?: string;
  usage: string[];
}

export interface SigningKey {
  kid: string;
  privateKey: KeyObject;
  publicKey: KeyObject;
  record: KeyRecord;
}

/** A public key as the formats write it: `0x` + 64 lowercase hex digits of the raw 32 bytes. */
export type PublicKeyText = `0x${string}`;

const PUBLIC_KEY_TEXT = /^0x[0-9a-f]{64}$/;
/** Whether a text has that form; publicKeyFromText says whether it is a usable key. */
export const isPublicKeyText = (text: unknown): text is PublicKeyText =>
  typeof text === 'string' && PUBLIC_KEY_TEXT.test(text);

// SubjectPublicKeyInfo of an Ed25519 key is this prefix (RFC 8410) and the 32 raw bytes.
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');
const KID = /^[0-9a-f]{32}$/;

export const isKid = (text: string): boolean => KID.test(text);

/** Raw 32-byte Ed25519 public key. Throws CapError `key.malformed` for another key type. */
export function rawPublicKey(key: KeyObject): Buffer {
  if (key.asymmetricKeyType !== 'ed25519')
    throw new CapError('key.malformed', `not an Ed25519 key: ${key.asymmetricKeyType}`);
  const spki = (key.type === 'private' ? createPublicKey(key) : key).export({ type: 'spki', format: 'der' });
  return spki.subarray(spki.length - 32);
}

const kidOfBytes = (raw: Uint8Array): string => blake3(raw).subarray(0, 16).toString('hex');

/** Key id: hex of the first 16 bytes of BLAKE3(raw public key). */
export const kidOf = (key: KeyObject): string => kidOfBytes(rawPublicKey(key));
/** The same of a key that is only named, and may be none. */
export const kidOfText = (text: PublicKeyText): string => kidOfBytes(publicKeyBytes(text));

export const publicKeyText = (key: KeyObject): PublicKeyText => `0x${rawPublicKey(key).toString('hex')}`;

/** The raw 32 bytes that the text spells. */
export const publicKeyBytes = (text: PublicKeyText): Buffer => Buffer.from(text.slice(2), 'hex');

/** Reads a public key from `0x` + 64 hex (raw) or a SPKI PEM. Throws CapError `key.malformed`, also for a point of small order. */
export function publicKeyFromText(text: string): KeyObject {
  try {
    const key = isPublicKeyText(text)
      ? createPublicKey({
          key: Buffer.concat([SPKI_PREFIX, publicKeyBytes(text)]),
          format: 'der',
          type: 'spki',
        })
      : createPublicKey(text);
    const fault = publicKeyFault(rawPublicKey(key));
    if (fault !== null) throw new CapError('key.malformed', `public key: ${fault}`);
    return key;
  } catch (cause) {
    if (cause instanceof CapError) throw cause;
    throw new CapError('key.malformed', 'public key is neither 0x + 64 hex digits nor a PEM (SPKI)', {
      cause,
    });
  }
}

/** Creates an Ed25519 key (CapError `key.owner`, `key.usage` for an invalid owner or usage) and writes `<kid>.key` (0600), `<kid>.pub`, `<kid>.json` durably into `directory` (0700). */
export async function generateKey(
  directory: string,
  options: { owner: string; validFrom: Date; validDays: number; usage: readonly KeyUsage[]; passphrase?: string },
): Promise<SigningKey> {
  if (options.owner.trim() === '') throw new CapError('key.owner', "the key's owner must not be empty");
  const usage = KEY_USAGES.filter((name) => options.usage.includes(name));
  if (usage.length === 0 || options.usage.some((name) => !KEY_USAGES.includes(name)))
    throw new CapError(
      'key.usage',
      `invalid usage ${JSON.stringify(options.usage)}; choose ${KEY_USAGES.join(' or ')}`,
    );
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const kid = kidOf(publicKey);
  const record: KeyRecord = {
    schema: 'cap-key.v2',
    kid,
    owner: options.owner,
    status: 'active',
    valid_from: rfc3339(options.validFrom),
    valid_to: rfc3339(new Date(options.validFrom.getTime() + options.validDays * 86_400_000)),
    usage,
  };
  await makeDirectoryDurable(directory, 0o700);
  const encryption = options.passphrase ? { cipher: 'aes-256-cbc', passphrase: options.passphrase } : {};
  await writeFileDurable(
    path.join(directory, `${kid}.key`),
    privateKey.export({ type: 'pkcs8', format: 'pem', ...encryption }),
    {
      mode: 0o600,
      exclusive: true,
    },
  );
  await writeFileDurable(path.join(directory, `${kid}.pub`), publicKey.export({ type: 'spki', format: 'pem' }));
  // The record comes last: a key without one is not listed, so a crash in between leaves nothing half usable.
  await writeFileDurable(path.join(directory, `${kid}.json`), `${JSON.stringify(record, null, 2)}\n`);
  return { kid, privateKey, publicKey, record };
}

/** Seconds precision, `Z`. */
export const rfc3339 = (date: Date): string => date.toISOString().replace(/\.\d{3}Z$/, 'Z');

async function readNamed(file: string, what: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    if (isMissing(cause)) throw new CapError('key.unknown', `${what}: no such file ${file}`, { cause });
    throw readError(file, cause);
  }
}

export async function readKeyRecord(directory: string, kid: string): Promise<KeyRecord> {
  const file = path.join(directory, `${kid}.json`);
  const record = await readRecordFile(file, kid);
  if (record.kid === kid) return record;
  throw new CapError('key.malformed', `${file}: not a cap-key.v2 record of key ${kid}`);
}

async function readRecordFile(file: string, name: string): Promise<KeyRecord> {
  const value = parseJson(await readNamed(file, `key ${name}`), file);
  if (isKeyRecord(value)) return value;
  throw new CapError('key.malformed', `${file}: not a cap-key.v2 record of key ${name}`);
}

function isKeyRecord(value: unknown): value is KeyRecord {
  const record: Partial<Record<keyof KeyRecord, unknown>> = Object(value);
  return (
    record.schema === 'cap-key.v2' &&
    [record.kid, record.owner, record.valid_from, record.valid_to].every((text) => typeof text === 'string') &&
    ['active', 'retired', 'revoked'].some((status) => status === record.status) &&
    Array.isArray(record.usage) &&
    record.usage.every((usage) => typeof usage === 'string')
  );
}

/** All key records of a directory, by kid. CapError `key.unknown` when there is no such directory. */
export async function listKeys(directory: string): Promise<KeyRecord[]> {
  let names: string[];
  try {
    names = await readdir(directory);
  } catch (cause) {
    if (isMissing(cause)) throw new CapError('key.unknown', `no such directory of keys: ${directory}`, { cause });
    throw readError(directory, cause);
  }
  const kids = names
    .filter((name) => name.endsWith('.json') && isKid(name.slice(0, -5)))
    .map((name) => name.slice(0, -5));
  return Promise.all(kids.sort().map((kid) => readKeyRecord(directory, kid)));
}

export async function readPublicKey(directory: string, kid: string): Promise<KeyObject> {
  const key = publicKeyFromText((await readNamed(path.join(directory, `${kid}.pub`), `key ${kid}`)).toString('utf8'));
  if (kidOf(key) !== kid) throw new CapError('key.malformed', `${kid}.pub holds the key ${kidOf(key)}`);
  return key;
}

/**
 * The private key of a PKCS#8 PEM. Throws CapError `key.passphrase` for an encrypted one that the passphrase (undefined:
 * none) does not open, `key.malformed` for what is no private key. `file` is its name, for messages.
 */
export function openPrivateKey(pem: Uint8Array, file: string, passphrase?: string): KeyObject {
  const isEncrypted = Buffer.from(pem).includes('-----BEGIN ENCRYPTED PRIVATE KEY-----');
  if (isEncrypted && passphrase === undefined)
    throw new CapError(
      'key.passphrase',
      `${file} is encrypted: its passphrase is taken from the variable CAP_KEY_PASSPHRASE, or from the file that ` +
        'CAP_KEY_PASSPHRASE_FILE names',
    );
  try {
    return createPrivateKey(isEncrypted ? { key: Buffer.from(pem), passphrase: passphrase! } : Buffer.from(pem));
  } catch (cause) {
    if (isEncrypted)
      throw new CapError(
        'key.passphrase',
        `${file}: the passphrase (CAP_KEY_PASSPHRASE, or the file that CAP_KEY_PASSPHRASE_FILE names) is wrong`,
        { cause },
      );
    throw new CapError('key.malformed', `${file}: not a private key (PKCS#8 PEM)`, { cause });
  }
}

/** Loads `<kid>.key` of a key directory for signing at the time `now`, like `loadRecordedKey`. */
export async function loadSigningKey(
  directory: string,
  kid: string,
  now: Date,
  passphrase?: string,
): Promise<SigningKey> {
  if (!isKid(kid)) throw new CapError('key.malformed', `not a key id (32 hex digits): ${kid.slice(0, 80)}`);
  return heldTo(await readKeyRecord(directory, kid), path.join(directory, `${kid}.key`), now, passphrase);
}

/**
 * Loads the key of any file `NAME.key` for signing at the time `now`, held to the record `NAME.json` beside it. Refuses a
 * file that others can read, a key outside its validity, a retired or revoked one (CapError `key.forbidden`), and a
 * private key that is not the one its record says.
 */
export async function loadRecordedKey(file: string, now: Date, passphrase?: string): Promise<SigningKey> {
  const record = await readRecordFile(recordFileOf(file), path.basename(file, '.key'));
  return heldTo(record, file, now, passphrase);
}

/** The record beside a key file `NAME.key`, whatever it says; null for a bare key. CapError key.malformed, or that of readError. */
export async function recordBeside(file: string): Promise<KeyRecord | null> {
  if (!file.endsWith('.key')) return null;
  try {
    return await readRecordFile(recordFileOf(file), path.basename(file, '.key'));
  } catch (error) {
    if (error instanceof CapError && error.kind === 'missing') return null;
    throw error;
  }
}

/** Where the record of a key file `NAME.key` lies. */
export const recordFileOf = (file: string): string => `${file.slice(0, -'.key'.length)}.json`;

/** Throws CapError `key.forbidden` for a key that is retired, revoked, or outside its validity at the time `now`. */
export function requireInForce({ kid, status, valid_from, valid_to }: KeyRecord, now: Date): void {
  if (status !== 'active') throw new CapError('key.forbidden', `key ${kid} is ${status} and can no longer sign`);
  const at = now.getTime();
  if (at < Date.parse(valid_from) || at > Date.parse(valid_to))
    throw new CapError('key.forbidden', `key ${kid} is valid from ${valid_from} to ${valid_to}, not now`);
}

async function heldTo(record: KeyRecord, file: string, now: Date, passphrase?: string): Promise<SigningKey> {
  const { kid } = record;
  requireInForce(record, now);
  const pem = await readNamed(file, `key ${kid}`);
  await requirePrivateFile(file);
  const privateKey = openPrivateKey(pem, file, passphrase);
  const publicKey = createPublicKey(privateKey);
  if (kidOf(publicKey) !== kid) throw new CapError('key.malformed', `${file} holds the key ${kidOf(publicKey)}`);
  return { kid, privateKey, publicKey, record };
}

/** Throws CapError `key.forbidden` for a key that was not made for this. */
export function requireUsage({ kid, usage }: Pick<KeyRecord, 'kid' | 'usage'>, needed: KeyUsage): void {
  if (usage.includes(needed)) return;
  throw new CapError(
    'key.forbidden',
    `key ${kid} lacks the usage ${needed}: it has ${usage.join(', ') || 'none'}; use a key created with --usage ${needed}`,
  );
}
