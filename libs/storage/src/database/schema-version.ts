import type { MigrationInterface } from 'typeorm';
import { CapError } from '@cap/core';

/** A class without constructor arguments. A released migration is never changed. */
export type Migration = new () => MigrationInterface & { name: string };

/** CapError storage.version for a database that a newer version of this program has migrated. */
export function assertKnownSchema(applied: readonly string[], migrations: readonly Migration[], where: string): void {
  const known = new Set(migrations.map((migration) => new migration().name));
  const unknown = applied.find((name) => !known.has(name));
  if (unknown !== undefined)
    throw new CapError('storage.version', `${where}: made by a newer version (schema ${unknown} is not known here)`);
}
