import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { generateKeyPairSync } from 'node:crypto';
import { chmod, copyFile, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  generateKey,
  kidOf,
  listKeys,
  loadSigningKey,
  publicKeyFromText,
  publicKeyText,
  rawPublicKey,
  readPublicKey,
  requireUsage,
} from './keys.js';

const NOW = new Date('2026-03-01T12:00:00Z');
let directory: string;
beforeEach(async () => {
  directory = path.join(await mkdtemp(path.join(tmpdir(), 'cap-keys-')), 'keys');
});
afterEach(() => rm(path.dirname(directory), { recursive: true }));
const make = (passphrase?: string) =>
  generateKey(directory, {
    owner: 'Example AG',
    validFrom: NOW,
    validDays: 365,
    usage: ['bundle'],
    ...(passphrase ? { passphrase } : {}),
  });

describe('keys', () => {
  it('derives the kid from the raw public key', () => {
    // RFC 8032, section 7.1, test 1
    const key = publicKeyFromText('0xd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a');
    expect(kidOf(key)).toBe('6c31041268f471609c79f5f2dbcc38e4');
    expect(publicKeyText(key)).toBe('0xd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a');
  });

  it('takes no key that nobody holds alone, and each key in one spelling', () => {
    const order = 2n ** 255n - 19n;
    const text = (y: bigint, negative = false) => {
      const bytes = Buffer.from(y.toString(16).padStart(64, '0'), 'hex').reverse();
      if (negative) bytes[31]! |= 0x80;
      return `0x${bytes.toString('hex')}`;
    };
    // RFC 8032, section 5.1: multiples of a point of order 8.
    const eighth = Buffer.from('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a', 'hex').reverse();
    const y8 = BigInt(`0x${eighth.toString('hex')}`);
    for (const y of [0n, 1n, order - 1n, y8, order - y8])
      for (const negative of [false, true])
        expect(() => publicKeyFromText(text(y, negative))).toThrow(expect.objectContaining({ code: 'key.malformed' }));
    const other = Buffer.from('302a300506032b6570032100'.concat(text(order + 3n).slice(2)), 'hex');
    const pem = `-----BEGIN PUBLIC KEY-----\n${other.toString('base64')}\n-----END PUBLIC KEY-----\n`;
    for (const spelled of [text(order + 3n), text(2n ** 255n - 1n, true), pem])
      expect(() => publicKeyFromText(spelled)).toThrow(/not the canonical encoding/);
  });

  it('writes three files, the private one for its owner only, and reads them back', async () => {
    const made = await make();
    expect((await stat(path.join(directory, `${made.kid}.key`))).mode & 0o777).toBe(0o600);
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
    const [record] = await listKeys(directory);
    expect(record).toEqual(made.record);
    expect(record).toMatchObject({
      schema: 'cap-key.v2',
      status: 'active',
      valid_from: '2026-03-01T12:00:00Z',
      valid_to: '2027-03-01T12:00:00Z',
    });
    const loaded = await loadSigningKey(directory, made.kid, NOW);
    expect(rawPublicKey(loaded.publicKey)).toEqual(rawPublicKey(await readPublicKey(directory, made.kid)));
  });

  it('refuses to sign with a key outside its validity, retired, revoked or readable by others', async () => {
    const { kid } = await make();
    const refused = (now: Date) =>
      expect(loadSigningKey(directory, kid, now)).rejects.toMatchObject({ kind: 'forbidden', code: 'key.forbidden' });
    await refused(new Date('2026-03-01T11:59:59Z'));
    await refused(new Date('2027-03-01T12:00:01Z'));
    await chmod(path.join(directory, `${kid}.key`), 0o640);
    await refused(NOW);
    await chmod(path.join(directory, `${kid}.key`), 0o600);
    const file = path.join(directory, `${kid}.json`);
    for (const status of ['retired', 'revoked']) {
      await writeFile(file, JSON.stringify({ ...JSON.parse(await readFile(file, 'utf8')), status }));
      await refused(NOW);
    }
  });

  it('refuses a private key that is not the one its name says', async () => {
    const [one, other] = [await make(), await make()];
    await copyFile(path.join(directory, `${other.kid}.key`), path.join(directory, `${one.kid}.key`));
    await expect(loadSigningKey(directory, one.kid, NOW)).rejects.toMatchObject({ code: 'key.malformed' });
    await copyFile(path.join(directory, `${other.kid}.pub`), path.join(directory, `${one.kid}.pub`));
    await expect(readPublicKey(directory, one.kid)).rejects.toMatchObject({ code: 'key.malformed' });
  });

  it('opens an encrypted key with its passphrase only', async () => {
    const { kid } = await make('correct horse');
    await expect(loadSigningKey(directory, kid, NOW)).rejects.toMatchObject({
      kind: 'input',
      code: 'key.passphrase',
      message: expect.stringContaining('CAP_KEY_PASSPHRASE_FILE'),
    });
    await expect(loadSigningKey(directory, kid, NOW, 'wrong')).rejects.toMatchObject({
      code: 'key.passphrase',
      message: expect.stringContaining('is wrong'),
    });
    expect((await loadSigningKey(directory, kid, NOW, 'correct horse')).kid).toBe(kid);
  });

  it('names a missing key and a broken record', async () => {
    await expect(loadSigningKey(directory, 'f'.repeat(32), NOW)).rejects.toMatchObject({
      kind: 'missing',
      code: 'key.unknown',
    });
    await expect(loadSigningKey(directory, '../../etc/passwd', NOW)).rejects.toMatchObject({ kind: 'input' });
    const { kid } = await make();
    await writeFile(path.join(directory, `${kid}.json`), '{"schema":"cap-key.v1"}');
    await expect(listKeys(directory)).rejects.toMatchObject({ code: 'key.malformed' });
    await expect(listKeys(path.join(directory, 'nowhere'))).rejects.toMatchObject({ kind: 'missing' });
  });

  it('does not ask for the passphrase of a file that is no private key', async () => {
    const { kid } = await make();
    await writeFile(path.join(directory, `${kid}.key`), 'no key');
    await expect(loadSigningKey(directory, kid, NOW)).rejects.toMatchObject({ code: 'key.malformed' });
  });

  it('belongs to somebody and is made for something', async () => {
    const odd = (changes: object) =>
      generateKey(directory, { owner: 'x', validFrom: NOW, validDays: 1, usage: ['bundle'], ...changes });
    await expect(odd({ owner: ' ' })).rejects.toMatchObject({ kind: 'usage', code: 'key.owner' });
    for (const usage of [[], ['foo'], ['bundle', 'foo']])
      await expect(odd({ usage })).rejects.toMatchObject({ kind: 'usage', code: 'key.usage' });
    expect((await odd({ usage: ['backup', 'bundle', 'backup'] })).record.usage).toEqual(['bundle', 'backup']);
  });

  it('signs only what it was made for', async () => {
    const { record } = await make();
    expect(() => requireUsage(record, 'bundle')).not.toThrow();
    expect(() => requireUsage(record, 'backup')).toThrow(`key ${record.kid} lacks the usage backup: it has bundle`);
    expect(() => requireUsage({ ...record, usage: [] }, 'bundle')).toThrow(/it has none/);
  });

  it('takes Ed25519 only', () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ type: 'spki', format: 'pem' });
    expect(() => publicKeyFromText(rsa as string)).toThrow(/not an Ed25519 key/);
    expect(() => publicKeyFromText('0x12')).toThrow(/neither/);
  });
});
