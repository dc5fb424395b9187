import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { CapError, systemCode } from '@cap/core';
import { systemWords } from '@cap/core/files';
import type { Omission } from '@cap/contracts';
import { pathFault } from '../archive/names.js';
import { containsSecret } from './private.js';

/** Directories that are saved along with the registry, read from this machine's mounts; null: it has none. */
export interface Sources {
  keys: string | null;
  config: string | null;
  certs: string | null;
}

/** These files are read whole; a larger one is no key, certificate or configuration. */
const MAX_FILE = 16 * 1024 * 1024;

export type SourceFile = { path: string; bytes: Buffer } | { path: string; omitted: Omission['reason'] };

/**
 * Every file of the sources in a fixed order, with its content or the reason why it is left out. A source inside another one (certificates
 * in the configuration's directory) is saved once, under its own name. Symbolic links to files are followed, as Kubernetes
 * mounts consist of them, so content is saved, never a link. CapError backup.source (config, io) for what can't be read.
 */
export async function* sourceFiles(sources: Sources, allowPlaintextKeys: boolean): AsyncGenerator<SourceFile> {
  const roots = new Map<string, string>();
  for (const name of ['certs', 'config', 'keys'] as const) {
    const directory = sources[name];
    if (directory !== null) roots.set(name, await rootOf(name, directory));
  }
  for (const [name, root] of roots) {
    const others = new Set([...roots].filter(([other]) => other !== name).map(([, directory]) => directory));
    for await (const found of walk(root, name, others)) {
      if (found.kind !== 'file') yield { path: found.path, omitted: found.kind };
      else if (pathFault(found.path) !== null) yield { path: found.path, omitted: 'name' };
      else {
        const bytes = await readSource(found.file);
        if (!allowPlaintextKeys && containsSecret(found.path, bytes)) yield { path: found.path, omitted: 'private' };
        else yield { path: found.path, bytes };
      }
    }
  }
}

interface Found {
  path: string;
  file: string;
  kind: 'file' | 'linked-directory' | 'special-file';
}

async function* walk(directory: string, name: string, others: ReadonlySet<string>): AsyncGenerator<Found> {
  const entries = await readable(directory, () => readdir(directory, { withFileTypes: true }));
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    // Kubernetes keeps the generations of a mount in `..2026_01_15…`, with links to the files of the current one beside them.
    if (entry.name.startsWith('..')) continue;
    const file = path.join(directory, entry.name);
    const at = `${name}/${entry.name}`;
    const found = entry.isSymbolicLink() ? await readable(file, () => stat(file)) : entry;
    if (found.isFile()) yield { path: at, file, kind: 'file' };
    else if (!found.isDirectory()) yield { path: at, file, kind: 'special-file' };
    else if (entry.isSymbolicLink()) yield { path: at, file, kind: 'linked-directory' };
    else if (!others.has(file)) yield* walk(file, at, others);
  }
}

async function rootOf(name: string, directory: string): Promise<string> {
  try {
    const root = await realpath(directory);
    if ((await stat(root)).isDirectory()) return root;
  } catch (cause) {
    if (systemCode(cause) !== 'ENOENT') throw unreadable(directory, cause);
  }
  throw new CapError(
    'backup.source',
    `backup.sources.${name}: no directory at ${directory} (null if this machine has none)`,
  );
}

async function readSource(file: string): Promise<Buffer> {
  const { size } = await readable(file, () => stat(file));
  if (size > MAX_FILE)
    throw new CapError(
      'backup.source',
      `${file}: ${size} bytes; a directory of keys, configuration or certificates holds no file above ${MAX_FILE}`,
    );
  return readable(file, () => readFile(file));
}

async function readable<T>(file: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    throw unreadable(file, cause);
  }
}

const unreadable = (file: string, cause: unknown): CapError =>
  new CapError('file.unreadable', `${file} can't be saved: ${systemWords(cause)}`, { cause });
