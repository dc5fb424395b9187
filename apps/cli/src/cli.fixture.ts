import { afterAll } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runCli } from './cli.js';

export interface Outcome {
  code: number;
  out: string;
  outBytes: Buffer;
  err: string;
}

/** Runs one command line in this process. Its clock stands still at `now`. */
export async function cap(
  argv: readonly string[],
  given: { stdin?: string | Uint8Array; env?: Record<string, string>; now?: Date; terminal?: boolean } = {},
): Promise<Outcome> {
  const out: Buffer[] = [];
  let err = '';
  const terminal = given.terminal ?? false;
  const code = await runCli(argv, {
    stdin: (async function* () {
      if (given.stdin !== undefined) yield given.stdin;
    })(),
    out: (data) => void out.push(Buffer.from(data)),
    err: (text) => void (err += text),
    env: given.env ?? {},
    terminal: { out: terminal, err: terminal },
    now: () => given.now ?? NOW,
    threads: 0, // workers are files of the build, which these tests do not need
  });
  const outBytes = Buffer.concat(out);
  return { code, out: outBytes.toString('utf8'), outBytes, err };
}

export const NOW = new Date('2025-11-06T10:00:00Z');

const directories: string[] = [];
afterAll(() => Promise.all(directories.map((directory) => rm(directory, { recursive: true, force: true }))));

/** A fresh directory of one test; gone after the last one of its file. */
export async function scratch(): Promise<string> {
  const directory = await mkdtemp(path.join(tmpdir(), 'cap-cli-'));
  directories.push(directory);
  return directory;
}
