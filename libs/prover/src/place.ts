import { readdir } from 'node:fs/promises';
import { CapError, systemCode } from '@cap/core';
import { TEMPORARY_PREFIX, writeError } from '@cap/core/files';
import { AUDIT_HEAD } from './audit-head.js';

/** What a run of `cap prepare` that was interrupted may have left, and the keys, which may come first. */
const LEFTOVERS = new Set(['lists', 'secrets.json', 'secrets.json.age', 'audit.jsonl', AUDIT_HEAD, 'keys']);
const SHOWN = 5;

/** Throws CapError `project.exists` or `project.occupied` where no project can be made. */
export async function refuseOccupied(directory: string): Promise<void> {
  const names = await namesIn(directory);
  if (names.includes('commitments.json'))
    throw new CapError(
      'project.exists',
      `${directory} already contains a project; overwriting it would destroy its salts. Choose another directory, or move this one`,
    );
  const foreign = names.filter((name) => !LEFTOVERS.has(name) && !name.startsWith(TEMPORARY_PREFIX)).sort();
  if (foreign.length === 0) return;
  const more = foreign.length > SHOWN ? ` and ${foreign.length - SHOWN} more` : '';
  throw new CapError(
    'project.occupied',
    `${directory} is not empty and not a project (it contains ${foreign.slice(0, SHOWN).join(', ')}${more}); choose a new directory`,
  );
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT') return [];
    if (systemCode(cause) === 'ENOTDIR')
      throw new CapError(
        'project.occupied',
        `can't create the directory ${directory}: it, or a parent of it, is a file`,
        { cause },
      );
    throw writeError(directory, cause);
  }
}
