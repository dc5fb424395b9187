import { readFile, rm, stat } from 'node:fs/promises';
import type { z } from 'zod';
import { CapError, parseJson, systemCode } from '@cap/core';
import { isMissing, makeDirectoryDurable, readError, writeError, writeFileDurable } from '@cap/core/files';

/** A file's bytes, null if there is none. Other failures are those of readError. */
export async function readIfPresent(file: string): Promise<Buffer | null> {
  try {
    return await readFile(file);
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT') return null;
    throw readError(file, cause);
  }
}

/** A file's permission bits, 0 if there is no such file. */
export async function modeIfPresent(file: string): Promise<number> {
  try {
    return (await stat(file)).mode & 0o777;
  } catch (cause) {
    if (isMissing(cause)) return 0;
    throw readError(file, cause);
  }
}

/** A file's bytes; CapError `project.incomplete` that says which command makes the file. */
export async function readMade(file: string, madeBy: string): Promise<Buffer> {
  const bytes = await readIfPresent(file);
  if (bytes === null) throw new CapError('project.incomplete', `${file} does not exist; run ${madeBy} first`);
  return bytes;
}

/** Parses a JSON file of the project; CapError `project.malformed` that names the member. */
export function parseFile<T>(file: string, bytes: Uint8Array, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(parseJson(bytes, file, Infinity)); // the prover's own lists, however long
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new CapError('project.malformed', `${file}: ${issue!.path.join('.')} ${issue!.message}`);
}

/** What changes the project: each throws CapError `cannot-create` or `io` that names the file, whatever the system says. */
const changing =
  <Rest extends unknown[]>(change: (file: string, ...rest: Rest) => Promise<unknown>) =>
  async (file: string, ...rest: Rest): Promise<void> => {
    try {
      await change(file, ...rest);
    } catch (cause) {
      throw writeError(file, cause);
    }
  };
export const writeFile = changing(writeFileDurable);
export const makeDirectory = changing(makeDirectoryDurable);
export const removeAll = changing((file: string) => rm(file, { recursive: true, force: true }));
