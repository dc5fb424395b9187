import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { type Digest, sha3Text } from '@cap/crypto';
import { type RegistryOptions, RegistryData } from './registry-data.js';
import { type NewEntry, type NewPolicy } from './stores.js';

export const digestOf = (text: string): Digest => sha3Text(text);

/** A data directory of its own; a clock that stands still unless it is moved. */
export class DataDirectory {
  clock = new Date('2026-01-15T10:00:00.000Z');
  readonly #open: RegistryData[] = [];

  private constructor(readonly directory: string) {}

  static async make(): Promise<DataDirectory> {
    return new DataDirectory(await mkdtemp(path.join(tmpdir(), 'cap-storage-')));
  }

  readonly at = (...parts: string[]): string => path.join(this.directory, ...parts);

  async open(options: Partial<RegistryOptions> = {}): Promise<RegistryData> {
    const place = { database: this.at('registry.db'), blobs: this.at('blobs') };
    const data = await RegistryData.open({ ...place, program: 'cap-registry', now: () => this.clock, ...options });
    this.#open.push(data);
    return data;
  }

  async close(data: RegistryData): Promise<void> {
    this.#open.splice(this.#open.indexOf(data), 1);
    await data.close();
  }

  async remove(): Promise<void> {
    for (const data of this.#open) await data.close();
    await rm(this.directory, { recursive: true, force: true });
  }
}

export async function* pieces(...texts: (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

export const put = (data: RegistryData, text: string | Uint8Array, retain: 'upload' | 'keep' = 'upload') =>
  data.putBlob(pieces(text), { maxBytes: 1_000_000, retain });

export const contentOf = (stream: Readable | null): Promise<Buffer> => buffer(stream!);

export const entryOf = (bundle_id: Digest, more: Partial<NewEntry> = {}): NewEntry => ({
  bundle_id,
  manifest_hash: digestOf('manifest'),
  proof_hash: digestOf('proof'),
  policy_hash: digestOf('policy'),
  result: 'ok',
  report_hash: digestOf('report'),
  signer_kid: '00112233445566778899aabbccddeeff',
  company: 'ACME GmbH',
  ...more,
});

export const policyOf = (id: string, version: string, text = `{"id":"${id}","version":"${version}"}`): NewPolicy => ({
  policy_id: `${id}@${version}`,
  format: 'v2',
  id,
  version,
  policy_hash: digestOf(text),
  document: text,
  status: 'active',
});

/** Runs writer.fixture.ts in a process of its own; `lines` fills while it runs. */
export function startWriter(
  directory: string,
  mode: 'hold' | 'write',
): { child: ChildProcess; lines: string[]; said: (count: number) => Promise<void> } {
  const here = import.meta.dirname;
  const child = spawn(
    process.execPath,
    ['--import', path.join(here, 'sources.fixture.mjs'), path.join(here, 'writer.fixture.ts'), directory, mode],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const lines: string[] = [];
  let rest = '';
  let errors = '';
  let wake = () => {};
  child.stdout.on('data', (chunk: Buffer) => {
    const all = (rest + chunk.toString()).split('\n');
    rest = all.pop()!;
    lines.push(...all);
    wake();
  });
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const said = (count: number) =>
    new Promise<void>((resolve, reject) => {
      wake = () => lines.length >= count && resolve();
      child.on('exit', () => reject(new Error(`the process ended: ${errors}`)));
      wake();
    });
  return { child, lines, said };
}
