import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { copyFile, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { generateKey, type SigningKey } from '@cap/crypto/key-files';
import { type ForgedEntry, forge, NOW, World } from '../backup.fixture.js';
import { createBackup } from '../create.js';
import type { BackupRecord } from '@cap/contracts';
import { sidecarName } from './names.js';
import { loadArchiveSigner, readExpectedSigner } from './signature.js';
import { verifyArchive } from './verify.js';

let world: World;
let backup: BackupRecord;
let good: Buffer;
let stranger: SigningKey;
beforeAll(async () => {
  world = await World.make();
  backup = await world.target().withLock('test', () => createBackup(world.options()));
  good = await readFile(world.at('backups', backup.name));
  stranger = await generateKey(world.at('stranger'), {
    owner: 'stranger',
    validFrom: NOW,
    validDays: 365,
    usage: ['backup'],
  });
  await mkdir(world.at('copies'));
});
afterAll(() => world.end());

const verify = (bytes: Uint8Array, signer: Parameters<typeof verifyArchive>[1]['signer'] = world.signer.kid) =>
  copy(bytes).then((file) => verifyArchive(file, { signer }));
async function copy(bytes: Uint8Array): Promise<string> {
  const file = world.at('copies', 'archive.tar.gz');
  await writeFile(file, bytes);
  return file;
}
const withBitFlipped = (bytes: Buffer, at: number) => {
  const changed = Buffer.from(bytes);
  changed[at]! ^= 0x04;
  return changed;
};
const refusal = { name: 'CapError', kind: 'refused' };

describe('an archive', () => {
  it('verifies by key id, by public key, and without either for its integrity alone', async () => {
    const expected = { kid: world.signer.kid, size: good.length, sha3_256: backup.sha3_256 };
    expect(await verify(good)).toMatchObject(expected);
    expect(await verify(good, world.signer.publicKey)).toMatchObject(expected);
    expect(await verify(good, null)).toMatchObject(expected);
    expect(await verify(good, await readExpectedSigner(world.at('signing', `${world.signer.kid}.pub`)))).toMatchObject(
      expected,
    );
  });

  it('of another signer is refused, by key id and by public key', async () => {
    for (const signer of [stranger.kid, stranger.publicKey])
      await expect(verify(good, signer)).rejects.toMatchObject({ ...refusal, code: 'backup.signer' });
  });

  it('is refused with any byte changed beside its sidecar', async () => {
    const place = world.at('changed');
    await mkdir(place);
    const file = path.join(place, backup.name);
    const sidecar = sidecarName(backup.name);
    await copyFile(world.at('backups', sidecar), path.join(place, sidecar));
    for (let at = 0; at < good.length; at += Math.ceil(good.length / 150)) {
      await writeFile(file, withBitFlipped(good, at));
      await expect(verifyArchive(file, { signer: world.signer.kid })).rejects.toMatchObject(refusal);
    }
  });

  it('without its sidecar is refused with a byte changed, unless gzip reads the same content from it', async () => {
    const { manifest } = await verify(good);
    let accepted = 0;
    for (let at = 0; at < good.length; at += Math.ceil(good.length / 150))
      try {
        expect((await verify(withBitFlipped(good, at))).manifest).toEqual(manifest);
        accepted++;
      } catch (error) {
        expect(error).toMatchObject(refusal);
      }
    expect(accepted).toBeLessThan(30);
  });

  it('is refused with any byte of its unpacked content changed', async () => {
    const unpacked = gunzipSync(good);
    const step = 977;
    let refused = 0;
    for (let at = 0; at < unpacked.length; at += step) {
      const outcome = await verify(gzipSync(withBitFlipped(unpacked, at), { level: 1 })).then(
        () => 'accepted',
        (error: { kind?: string }) => error.kind,
      );
      // tar's own padding and time fields carry nothing that is restored.
      if (outcome === 'refused') refused++;
      else expect(outcome).toBe('accepted');
    }
    expect(refused / Math.ceil(unpacked.length / step)).toBeGreaterThan(0.9);
  });

  it('is refused wherever it is cut off', async () => {
    const lengths = [0, 1, 9, 10, 18, 100, good.length - 9, good.length - 8, good.length - 1];
    for (let at = 200; at < good.length; at += Math.ceil(good.length / 40)) lengths.push(at);
    for (const length of lengths)
      await expect(verify(good.subarray(0, length))).rejects.toMatchObject({ ...refusal, code: 'backup.unreadable' });
    const unpacked = gunzipSync(good);
    for (let at = 512; at < unpacked.length; at += 9_728)
      await expect(verify(gzipSync(unpacked.subarray(0, at), { level: 1 }))).rejects.toMatchObject(refusal);
  });

  it('is refused with something behind its end', async () => {
    for (const tail of [Buffer.from('x'), Buffer.alloc(512), gzipSync('more'), good])
      await expect(verify(Buffer.concat([good, tail]))).rejects.toMatchObject(refusal);
    const twice = gzipSync(Buffer.concat([gunzipSync(good), gunzipSync(good)]), { level: 1 });
    await expect(verify(twice)).rejects.toMatchObject(refusal);
  });

  it('that is no archive, or not there', async () => {
    for (const other of ['', 'hello', '{}', 'PK\u0003\u0004'])
      await expect(verify(Buffer.from(other))).rejects.toMatchObject({ ...refusal, code: 'backup.unreadable' });
    await expect(verifyArchive(world.at('nothing.tar.gz'), { signer: null })).rejects.toMatchObject({
      kind: 'missing',
      code: 'file.missing',
    });
    await expect(verifyArchive(world.at('copies'), { signer: null })).rejects.toMatchObject({ kind: 'input' });
  });

  it('must be the one that the sidecar beside it describes', async () => {
    const place = world.at('beside');
    await mkdir(place);
    const at = (name: string) => path.join(place, name);
    const sidecar = sidecarName(backup.name);
    await copyFile(world.at('backups', backup.name), at(backup.name));
    await copyFile(world.at('backups', sidecar), at(sidecar));
    const check = () => verifyArchive(at(backup.name), { signer: world.signer.kid });
    expect((await check()).sha3_256).toBe(backup.sha3_256);
    const said = await readFile(at(sidecar), 'utf8');
    for (const [changed, code] of [
      [said.replace('"log_size":3', '"log_size":4'), 'backup.signature'],
      [said.replace('sidecar.v1', 'sidecar.v2'), 'backup.version'],
      [said.replace('"size"', '"length"'), 'backup.sidecar'],
      ['{', 'backup.sidecar'],
    ] as const) {
      await writeFile(at(sidecar), changed);
      await expect(check()).rejects.toMatchObject({ ...refusal, code });
    }
    await rm(at(sidecar));
    const other = 'backup_20260115_030000';
    await copyFile(at(backup.name), at(`${other}.tar.gz`));
    await writeFile(at(`${other}.json`), said);
    await expect(verifyArchive(at(`${other}.tar.gz`), { signer: world.signer.kid })).rejects.toMatchObject({
      code: 'backup.sidecar',
    });
  });
});

describe('a forged archive', () => {
  const registry: ForgedEntry = { name: 'registry.db', body: 'database' };
  const forged = async (parts: Omit<Parameters<typeof forge>[1], 'signer'> & { signer?: SigningKey }) => {
    const file = world.at('copies', 'forged.tar.gz');
    await forge(file, { signer: world.signer, ...parts });
    return verifyArchive(file, { signer: world.signer.kid });
  };

  it('in the form of an honest one is accepted: the others differ in one thing', async () => {
    const entries = [registry, { name: 'config/a b/ü.yaml', body: 'x' }];
    expect((await forged({ entries })).manifest.files).toHaveLength(2);
  });

  it.each([
    '../registry.db',
    'keys/../../etc/passwd',
    'keys/..',
    '/etc/passwd',
    '//etc/passwd',
    'C:/windows',
    'keys\\..\\x',
    'keys/./a',
    'keys//a',
    'keys/a/',
    'keys/a\nb',
    'keys/a\u0000b',
    'keys/\ufffd',
    'keys',
    'elsewhere/file',
    'registry.db-wal',
    'owner.db',
    'blobs/ab/cd/short',
    `blobs/ab/cd/${'e'.repeat(64)}`,
  ])('with the name %j', async (name) => {
    await expect(forged({ entries: [registry, { name, body: 'x' }] })).rejects.toMatchObject(refusal);
  });

  it.each([
    ['a segment that no file system takes', `config/${'n'.repeat(256)}`],
    ['a path that no file system takes', `config/${'n/'.repeat(600)}n`],
  ])('with %s', async (_, name) => {
    await expect(forged({ entries: [registry, { name }] })).rejects.toMatchObject({ ...refusal, code: 'backup.path' });
  });

  it.each<[string, ForgedEntry, string]>([
    ['a symbolic link', { name: 'keys/a', type: 'symlink', linkname: '/etc/passwd' }, 'backup.link'],
    ['a hard link', { name: 'keys/a', type: 'link', linkname: 'registry.db' }, 'backup.link'],
    ['a directory', { name: 'keys/', type: 'directory' }, 'backup.unreadable'],
    ['a device', { name: 'keys/a', type: 'character-device' }, 'backup.unreadable'],
    ['a pipe', { name: 'keys/a', type: 'fifo' }, 'backup.unreadable'],
  ])('with %s', async (_, entry, code) => {
    await expect(forged({ entries: [registry, entry] })).rejects.toMatchObject({ ...refusal, code });
  });

  it.each([
    ['twice the same name', [registry, registry]],
    ['a file and one below it', [{ name: 'keys/a' }, { name: 'keys/a/b' }]],
    ['a file above another one', [{ name: 'keys/a/b' }, { name: 'keys/a' }]],
  ])('with %s', async (_, entries) => {
    await expect(forged({ entries })).rejects.toMatchObject({ ...refusal, code: 'backup.path' });
  });

  it.each([
    ['a version from the future', { schema: 'cap-backup.v2' }, 'backup.version'],
    ['another format', { schema: 'cap-bundle.v3' }, 'backup.manifest'],
    ['an unknown member', { encryption: 'none' }, 'backup.manifest'],
    ['an epoch that is none', { epoch: 0 }, 'backup.manifest'],
    ['a file that is not listed', { files: [] }, 'backup.unlisted'],
    [
      'a file that is not there',
      { files: ['registry.db', 'keys/a'].map((name) => ({ path: name, size: 8, sha3_256: `0x${'0'.repeat(64)}` })) },
      'backup.hash',
    ],
    [
      'nothing but a missing file',
      { files: [{ path: 'keys/a', size: 8, sha3_256: `0x${'0'.repeat(64)}` }] },
      'backup.missing',
    ],
  ])('whose manifest says %s', async (_, manifest, code) => {
    await expect(forged({ entries: [registry], manifest })).rejects.toMatchObject({ ...refusal, code });
  });

  it('without a signature, or with one over something else, or by somebody else', async () => {
    const entries = [registry];
    await expect(forged({ entries, sign: null })).rejects.toMatchObject({ ...refusal, code: 'backup.unreadable' });
    await expect(forged({ entries, sign: 'sidecar' })).rejects.toMatchObject({ ...refusal, code: 'backup.signature' });
    await expect(forged({ entries, signer: stranger })).rejects.toMatchObject({ ...refusal, code: 'backup.signer' });
  });

  it('with entries behind its signature', async () => {
    const after = [{ name: 'keys/late', body: 'x' }];
    await expect(forged({ entries: [registry], after })).rejects.toMatchObject({ ...refusal, code: 'backup.trailing' });
  });
});

describe('the signing key', () => {
  it('is the file of a key directory, held to its record, or a bare private key', async () => {
    const file = world.at('signing', `${world.signer.kid}.key`);
    expect((await loadArchiveSigner(file, NOW)).kid).toBe(world.signer.kid);
    await expect(loadArchiveSigner(file, new Date('2030-01-01T00:00:00Z'))).rejects.toMatchObject({ name: 'CapError' });
    const bare = world.at('copies', 'bare.pem');
    await writeFile(bare, await readFile(file), { mode: 0o600 });
    expect((await loadArchiveSigner(bare, NOW)).kid).toBe(world.signer.kid);
  });

  it('is made for backups', async () => {
    const { kid } = await generateKey(world.at('others'), {
      owner: 'prover',
      validFrom: NOW,
      validDays: 365,
      usage: ['bundle'],
    });
    await expect(loadArchiveSigner(world.at('others', `${kid}.key`), NOW)).rejects.toMatchObject({
      code: 'key.forbidden',
      message: expect.stringContaining('lacks the usage backup'),
    });
  });

  it('under any name is held to the record beside it', async () => {
    const record = world.at('signing', `${world.signer.kid}.json`);
    const file = world.at('copies', 'backup.key');
    const beside = world.at('copies', 'backup.json');
    await writeFile(file, await readFile(world.at('signing', `${world.signer.kid}.key`)), { mode: 0o600 });
    expect((await loadArchiveSigner(file, new Date('2040-01-01T00:00:00Z'))).kid).toBe(world.signer.kid);
    const records = async (members: object) =>
      writeFile(beside, JSON.stringify({ ...JSON.parse(await readFile(record, 'utf8')), ...members }));

    await records({});
    expect((await loadArchiveSigner(file, NOW)).kid).toBe(world.signer.kid);
    await expect(loadArchiveSigner(file, new Date('2040-01-01T00:00:00Z'))).rejects.toMatchObject({
      code: 'key.forbidden',
      message: expect.stringContaining('is valid from'),
    });
    await records({ status: 'revoked' });
    await expect(loadArchiveSigner(file, NOW)).rejects.toMatchObject({ code: 'key.forbidden' });
    await records({ usage: ['bundle'] });
    await expect(loadArchiveSigner(file, NOW)).rejects.toMatchObject({ message: /lacks the usage backup/ });
    await records({ kid: '0'.repeat(32) });
    await expect(loadArchiveSigner(file, NOW)).rejects.toMatchObject({ code: 'key.malformed' });
    await writeFile(beside, '{');
    await expect(loadArchiveSigner(file, NOW)).rejects.toMatchObject({ kind: 'input' });
    await rm(beside);
    await symlink(world.at('nowhere.json'), beside);
    await expect(loadArchiveSigner(file, NOW)).rejects.toMatchObject({ code: 'key.unknown' });
  });

  it('may be encrypted', async () => {
    const { privateKey, kid } = world.signer;
    const file = world.at('copies', 'encrypted.pem');
    const encryption = { cipher: 'aes-256-cbc', passphrase: 'correct horse' };
    await writeFile(file, privateKey.export({ type: 'pkcs8', format: 'pem', ...encryption }), { mode: 0o600 });
    expect((await loadArchiveSigner(file, NOW, 'correct horse')).kid).toBe(kid);
    for (const passphrase of [undefined, 'wrong'])
      await expect(loadArchiveSigner(file, NOW, passphrase)).rejects.toMatchObject({ code: 'key.passphrase' });
  });

  it('that others can read, that is none, or that is not there', async () => {
    const open = world.at('copies', 'open.pem');
    await writeFile(open, await readFile(world.at('signing', `${world.signer.kid}.key`)), { mode: 0o644 });
    await expect(loadArchiveSigner(open, NOW)).rejects.toMatchObject({ code: 'key.forbidden' });
    const none = world.at('copies', 'none.pem');
    await writeFile(none, 'x', { mode: 0o600 });
    await expect(loadArchiveSigner(none, NOW)).rejects.toMatchObject({ code: 'key.malformed' });
    await expect(loadArchiveSigner(world.at('nowhere.pem'), NOW)).rejects.toMatchObject({ kind: 'missing' });
    await expect(readExpectedSigner(world.at('nowhere.pub'))).rejects.toMatchObject({ kind: 'missing' });
  });
});
