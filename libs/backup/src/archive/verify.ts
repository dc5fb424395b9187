import { existsSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { type ErrorCode, CapError } from '@cap/core';
import { type Digest, streamingSha3 } from '@cap/crypto';
import { checkShape, type Manifest, type ManifestFile, parseManifest, parseRefusing } from './manifest.js';
import { assertPath, MANIFEST, MANIFEST_SIGNATURE, sidecarName } from './names.js';
import { type ArchiveEntry, readArchive } from './read.js';
import { readSidecar } from './sidecar.js';
import { checkDetached, type ExpectedSigner, PAYLOAD_TYPES, signatureShape } from './signature.js';

export interface VerifiedArchive {
  manifest: Manifest;
  /** Whose signature it carries. */
  kid: string;
  /** Bytes of the archive, and their hash. */
  size: number;
  sha3_256: Digest;
}

const MAX_MANIFEST = 256 * 1024 * 1024;
const MAX_SIGNATURE = 64 * 1024;

const signatureFile = z.strictObject({ schema: z.literal('cap-backup-signature.v1'), signature: signatureShape });

/**
 * Reads a whole archive: form, names, signature, and every file's size and hash against the manifest; the
 * sidecar too if it stands beside it. `signer` null checks integrity only. `take` is asked for each file and may write its bytes
 * as they pass, before it is known whether they are right. CapError of kind refused names the first thing that is wrong. Only
 * with the sidecar is the archive held to its very bytes: gzip can spell the same content in more than one way.
 */
export async function verifyArchive(
  archive: string,
  {
    signer,
    take,
    signal,
  }: {
    signer: ExpectedSigner | null;
    take?: (file: string) => Promise<Taker>;
    signal?: AbortSignal | undefined;
  },
): Promise<VerifiedArchive> {
  const seen = new Seen(archive, take, signal);
  const { size, sha3_256 } = await readArchive(archive, (entry) => seen.visit(entry));
  const { manifest, kid } = seen.conclude(signer);
  const beside = sidecarName(archive);
  if (beside !== archive && existsSync(beside)) {
    const sidecar = await readSidecar(beside, signer ?? kid);
    const named = sidecar.archive === path.basename(archive);
    if (!named || sidecar.size !== size || sidecar.sha3_256 !== sha3_256)
      throw new CapError('backup.sidecar', `${beside}: describes another archive than the one beside it`);
  }
  return { manifest, kid, size, sha3_256 };
}

/** Where the bytes of one file go while they are checked. */
export interface Taker {
  write(chunk: Uint8Array): Promise<void>;
  end(): Promise<void>;
  /** Instead of end, when the bytes break off. */
  abandon(): Promise<void>;
}

class Seen {
  readonly #files: ManifestFile[] = [];
  readonly #paths = new Set<string>();
  readonly #directories = new Set<string>();
  #manifest: Buffer | null = null;
  #signature: Buffer | null = null;

  constructor(
    private readonly archive: string,
    private readonly take: ((file: string) => Promise<Taker>) | undefined,
    private readonly signal: AbortSignal | undefined,
  ) {}

  async visit(entry: ArchiveEntry): Promise<void> {
    const { path: name } = entry;
    if (this.#signature) return this.#refuse('backup.trailing', `${JSON.stringify(name)} stands after the signature`);
    if (this.#manifest) {
      if (name !== MANIFEST_SIGNATURE)
        return this.#refuse('backup.unlisted', `${JSON.stringify(name)} stands after ${MANIFEST}`);
      this.#signature = await this.#whole(entry, MAX_SIGNATURE);
      return;
    }
    if (name === MANIFEST) {
      this.#manifest = await this.#whole(entry, MAX_MANIFEST);
      return;
    }
    assertPath(name, this.archive);
    this.#assertFree(name);
    const hash = streamingSha3();
    const taker = await this.take?.(name);
    try {
      for await (const chunk of entry.body) {
        this.signal?.throwIfAborted();
        hash.update(chunk);
        await taker?.write(chunk);
      }
    } catch (error) {
      await taker?.abandon();
      throw error;
    }
    await taker?.end();
    this.#files.push({ path: name, size: entry.size, sha3_256: hash.digest() });
  }

  /** The signature first: nothing of the manifest is believed before. */
  conclude(signer: ExpectedSigner | null): { manifest: Manifest; kid: string } {
    if (!this.#manifest || !this.#signature)
      return this.#refuse('backup.unreadable', `no ${this.#manifest ? MANIFEST_SIGNATURE : MANIFEST} in it`);
    const what = `${this.archive}: ${MANIFEST_SIGNATURE}`;
    const { signature } = checkShape(
      signatureFile,
      parseRefusing(this.#signature, what, 'backup.signature'),
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
        this.#refuse('backup.missing', `${JSON.stringify(expected!.path)} is listed and not there`);
      if (!expected || expected.path !== found.path)
        this.#refuse('backup.unlisted', `${JSON.stringify(found.path)} is not listed in this place`);
      if (expected.size !== found.size || expected.sha3_256 !== found.sha3_256)
        this.#refuse(
          'backup.hash',
          `${found.path}: has ${found.size} bytes with hash ${found.sha3_256}, the manifest says ${expected.size} with ${expected.sha3_256}`,
        );
    }
  }

  /** Two entries of one name, or a file where another one needs a directory. */
  #assertFree(name: string): void {
    const parents = name.split('/').slice(0, -1);
    const directories = parents.map((_, i) => parents.slice(0, i + 1).join('/'));
    if (
      this.#paths.has(name) ||
      this.#directories.has(name) ||
      directories.some((directory) => this.#paths.has(directory))
    )
      this.#refuse('backup.path', `${JSON.stringify(name)} is there twice`);
    this.#paths.add(name);
    for (const directory of directories) this.#directories.add(directory);
  }

  async #whole({ path: name, size, body }: ArchiveEntry, limit: number): Promise<Buffer> {
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
