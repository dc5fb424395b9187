import { existsSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { type ErrorCode, CapError } from '@cap/core';
import { type Digest, streamingSha3 } from '@cap/crypto';
import { parseSchema, type Manifest, type ManifestFile, parseManifest, parseObject } from './manifest.js';
import { assertPath, MANIFEST, MANIFEST_SIGNATURE, sidecarName } from './names.js';
import { type ArchiveEntry, readArchive } from './read.js';
import { readSidecar } from './sidecar.js';
import { checkDetached, type ExpectedSigner, PAYLOAD_TYPES, signatureShape } from './signature.js';

export interface VerifiedArchive {
  manifest: Manifest;
  /** Key id of the signature. */
  kid: string;
  /** Bytes of the archive, and their hash. */
  size: number;
  sha3_256: Digest;
}

const MAX_MANIFEST = 256 * 1024 * 1024;
const MAX_SIGNATURE = 64 * 1024;

const signatureFile = z.strictObject({ schema: z.literal('cap-backup-signature.v1'), signature: signatureShape });

/**
 * Reads a whole archive and checks form, names, signature, and every file's size and hash against the manifest; its sidecar too
 * if there is one. `signer` null checks integrity only. `openSink` is called for each file and receives its bytes as they pass,
 * before it is known whether they are right. A CapError of kind refused names the first fault. Only the sidecar fixes the
 * archive's exact bytes: gzip can encode the same content in more than one way.
 */
export async function verifyArchive(
  archive: string,
  {
    signer,
    openSink,
    signal,
  }: {
    signer: ExpectedSigner | null;
    openSink?: (file: string) => Promise<FileSink>;
    signal?: AbortSignal | undefined;
  },
): Promise<VerifiedArchive> {
  const check = new ArchiveCheck(archive, openSink, signal);
  const { size, sha3_256 } = await readArchive(archive, (entry) => check.visit(entry));
  const { manifest, kid } = check.finish(signer);
  const beside = sidecarName(archive);
  if (beside !== archive && existsSync(beside)) {
    const sidecar = await readSidecar(beside, signer ?? kid);
    const named = sidecar.archive === path.basename(archive);
    if (!named || sidecar.size !== size || sidecar.sha3_256 !== sha3_256)
      throw new CapError('backup.sidecar', `${beside}: describes a different archive from the one beside it`);
  }
  return { manifest, kid, size, sha3_256 };
}

/** Receives the bytes of one file while they are checked. */
export interface FileSink {
  write(chunk: Uint8Array): Promise<void>;
  end(): Promise<void>;
  /** Instead of end, if the bytes break off. */
  abort(): Promise<void>;
}

class ArchiveCheck {
  readonly #files: ManifestFile[] = [];
  readonly #paths = new Set<string>();
  readonly #directories = new Set<string>();
  #manifest: Buffer | null = null;
  #signature: Buffer | null = null;

  constructor(
    private readonly archive: string,
    private readonly openSink: ((file: string) => Promise<FileSink>) | undefined,
    private readonly signal: AbortSignal | undefined,
  ) {}

  async visit(entry: ArchiveEntry): Promise<void> {
    const { path: name } = entry;
    if (this.#signature) return this.#refuse('backup.trailing', `${JSON.stringify(name)} comes after the signature`);
    if (this.#manifest) {
      if (name !== MANIFEST_SIGNATURE)
        return this.#refuse('backup.unlisted', `${JSON.stringify(name)} comes after ${MANIFEST}`);
      this.#signature = await this.#readWhole(entry, MAX_SIGNATURE);
      return;
    }
    if (name === MANIFEST) {
      this.#manifest = await this.#readWhole(entry, MAX_MANIFEST);
      return;
    }
    assertPath(name, this.archive);
    this.#assertUnique(name);
    const hash = streamingSha3();
    const sink = await this.openSink?.(name);
    try {
      for await (const chunk of entry.body) {
        this.signal?.throwIfAborted();
        hash.update(chunk);
        await sink?.write(chunk);
      }
    } catch (error) {
      await sink?.abort();
      throw error;
    }
    await sink?.end();
    this.#files.push({ path: name, size: entry.size, sha3_256: hash.digest() });
  }

  /** The signature first: nothing in the manifest is trusted before that. */
  finish(signer: ExpectedSigner | null): { manifest: Manifest; kid: string } {
    if (!this.#manifest || !this.#signature)
      return this.#refuse('backup.unreadable', `no ${this.#manifest ? MANIFEST_SIGNATURE : MANIFEST} in the archive`);
    const what = `${this.archive}: ${MANIFEST_SIGNATURE}`;
    const { signature } = parseSchema(
      signatureFile,
      parseObject(this.#signature, what, 'backup.signature'),
      what,
      'backup.signature',
    );
    const kid = checkDetached(PAYLOAD_TYPES.manifest, this.#manifest, signature, signer, what);
    const manifest = parseManifest(this.#manifest, this.archive);
    this.#compare(manifest.files);
    return { manifest, kid };
  }

  #compare(listed: ManifestFile[]): void {
    for (let i = 0; i < Math.max(listed.length, this.#files.length); i++) {
      const [expected, found] = [listed[i], this.#files[i]];
      if (!found || (expected && !this.#paths.has(expected.path)))
        this.#refuse('backup.missing', `${JSON.stringify(expected!.path)} is listed but missing`);
      if (!expected || expected.path !== found.path)
        this.#refuse('backup.unlisted', `${JSON.stringify(found.path)} is not listed at this position`);
      if (expected.size !== found.size || expected.sha3_256 !== found.sha3_256)
        this.#refuse(
          'backup.hash',
          `${found.path}: has ${found.size} bytes with hash ${found.sha3_256}, the manifest says ${expected.size} with ${expected.sha3_256}`,
        );
    }
  }

  /** Refuses two entries of one name, and a file where another one needs a directory. */
  #assertUnique(name: string): void {
    const parents = name.split('/').slice(0, -1);
    const directories = parents.map((_, i) => parents.slice(0, i + 1).join('/'));
    if (
      this.#paths.has(name) ||
      this.#directories.has(name) ||
      directories.some((directory) => this.#paths.has(directory))
    )
      this.#refuse('backup.path', `${JSON.stringify(name)} occurs twice`);
    this.#paths.add(name);
    for (const directory of directories) this.#directories.add(directory);
  }

  async #readWhole({ path: name, size, body }: ArchiveEntry, limit: number): Promise<Buffer> {
    if (size > limit) return this.#refuse('backup.unreadable', `${name} is larger than ${limit} bytes`);
    const chunks: Uint8Array[] = [];
    for await (const chunk of body) chunks.push(chunk);
    return Buffer.concat(chunks);
  }

  #refuse(code: ErrorCode, why: string): never {
    throw new CapError(code, `${this.archive}: ${why}`);
  }
}

export const signatureFileOf = (signature: z.infer<typeof signatureShape>): z.infer<typeof signatureFile> => ({
  schema: 'cap-backup-signature.v1',
  signature,
});
