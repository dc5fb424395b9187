import { access, constants } from 'node:fs/promises';
import path from 'node:path';
import { type Config, ConfigError, isPostgresUrl } from '@cap/config';
import { makeDirectoryDurable, systemWords } from '@cap/core/files';

/**
 * Creates the directories of database, checkpoints and BLOBs if necessary. ConfigError for one that this process can't write to: a
 * volume that is not mounted, or one that belongs to another user.
 */
export async function requireStateDirectories({ database, blobs }: Config['registry']): Promise<void> {
  const places: [key: string, directory: string][] = [];
  if (!isPostgresUrl(database)) {
    const directory = path.dirname(path.resolve(database));
    places.push(['registry.database', directory], ['registry.database', path.join(directory, 'checkpoints')]);
  }
  if (typeof blobs === 'string') places.push(['registry.blobs', path.resolve(blobs)]);
  for (const [key, directory] of places)
    try {
      await makeDirectoryDurable(directory, 0o750);
      await access(directory, constants.W_OK | constants.X_OK);
    } catch (error) {
      const expected = `expected a directory that user ${process.geteuid!()} can write to at ${directory}: ${systemWords(error)}`;
      throw new ConfigError([{ source: 'configuration', key, expected }]);
    }
}
