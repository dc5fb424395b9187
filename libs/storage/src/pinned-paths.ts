import { statSync } from 'node:fs';
import path from 'node:path';
import { CapError } from '@cap/core';
import { systemWords } from '@cap/core/files';

/** The parts of the registry's state, as readiness names them. */
export type StatePart = 'database' | 'blobs' | 'checkpoints';

const identityOf = (file: string): string => {
  const { dev, ino } = statSync(file, { bigint: true });
  return `${dev}:${ino}`;
};

/**
 * Files and directories that must stay what was opened, by device and inode. A process would go on writing to a file that
 * was moved away, and the next start would not find what was acknowledged meanwhile. Checked synchronously, before and after each
 * commit: a stat does not wait for the disk.
 */
export class PinnedPaths {
  readonly #opened: { name: StatePart; file: string; identity: string }[] = [];

  /** From now on these must stay what they are. */
  add(name: StatePart, ...files: string[]): void {
    for (const file of files.map((each) => path.resolve(each)))
      this.#opened.push({ name, file, identity: identityOf(file) });
  }

  /** CapError storage.unavailable if one is gone or was replaced. */
  assertUnmoved(only?: StatePart): void {
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
    `${what}: it was moved, removed or replaced, so nothing is stored. Put it back, or stop the registry first`,
    { cause },
  );
