import { statSync } from 'node:fs';
import path from 'node:path';
import { CapError, systemWords } from '@cap/core';

/** What a part of the registry's state is called where readiness names it. */
export type PlaceName = 'database' | 'blobs' | 'checkpoints';

const identityOf = (file: string): string => {
  const { dev, ino } = statSync(file, { bigint: true });
  return `${dev}:${ino}`;
};

/**
 * Files and directories that must stay what was opened, by device and inode. A process goes on writing into a file that was
 * moved away under it; the next start would not find what was acknowledged meanwhile. Looked at without a thread of its own,
 * since it is looked at before and after each commit, and needs no disk.
 */
export class OpenPlaces {
  readonly #opened: { name: PlaceName; file: string; identity: string }[] = [];

  /** From now on this must stay what it is. */
  add(name: PlaceName, ...files: string[]): void {
    for (const file of files.map((each) => path.resolve(each)))
      this.#opened.push({ name, file, identity: identityOf(file) });
  }

  /** CapError storage.unavailable for one that is not there, or another one. */
  assertThere(only?: PlaceName): void {
    for (const { name, file, identity } of this.#opened)
      if (only === undefined || name === only) assertIs(file, identity);
  }
}

function assertIs(file: string, identity: string): void {
  let found: string;
  try {
    found = identityOf(file);
  } catch (cause) {
    throw moved(`${file} is gone (${systemWords(cause)})`, cause);
  }
  if (found !== identity) throw moved(`${file} is not the one that was opened`);
}

const moved = (what: string, cause?: unknown) =>
  new CapError(
    'storage.unavailable',
    `${what}: nothing is stored while it was moved away, removed or replaced. Put it back, or stop the registry first`,
    { cause },
  );
