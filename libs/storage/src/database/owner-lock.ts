import { existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import Database from 'better-sqlite3';
import { CapError, systemCode } from '@cap/core';
import { makeDirectoryDurable } from '@cap/core/files';

/** Who owns a data directory. */
export interface Holder {
  pid: number;
  host: string;
  program: string;
  since: string;
}

const FILE = 'owner.db';

/**
 * One process owns a data directory. The lock is SQLite's RESERVED lock on `owner.db`, held by a transaction that stays open:
 * the kernel releases it when the process ends, however it ends, and no time-out can expire while the process is paused. Others can
 * still read the holder's name.
 */
export class OwnerLock {
  private constructor(private readonly db: Database.Database) {}

  /** CapError storage.owned (busy) that names the holder. */
  static async acquire(directory: string, program: string): Promise<OwnerLock> {
    await makeDirectoryDurable(directory, 0o750);
    const file = path.join(directory, FILE);
    await (await open(file, 'a', 0o640)).close(); // SQLite would create it world-readable
    const db = new Database(file, { timeout: 0 });
    try {
      db.exec('BEGIN IMMEDIATE');
      db.exec(
        'CREATE TABLE IF NOT EXISTS holder (pid INTEGER, host TEXT, program TEXT, since TEXT); DELETE FROM holder',
      );
      db.prepare('INSERT INTO holder VALUES (?, ?, ?, ?)').run(
        process.pid,
        hostname(),
        program,
        new Date().toISOString(),
      );
      db.pragma('busy_timeout = 5000'); // a refused process may be reading the name
      db.exec('COMMIT');
      db.pragma('busy_timeout = 0');
      // Another process may get in between these two; then this one is refused like any second one.
      db.exec('BEGIN IMMEDIATE');
      return new OwnerLock(db);
    } catch (error) {
      db.close();
      if (!isBusy(error)) throw error;
      const holder = readHolder(directory);
      const name = holder
        ? `${holder.program}, process ${holder.pid} on ${holder.host} since ${holder.since}`
        : 'another process';
      throw new CapError('storage.owned', `${directory} is in use by ${name}`, { details: holder });
    }
  }

  release(): void {
    this.db.close();
  }
}

/** Who owns the directory now, or null if nobody does. */
export function ownerOf(directory: string): Holder | null {
  const file = path.join(directory, FILE);
  if (!existsSync(file)) return null;
  const db = new Database(file, { timeout: 0, fileMustExist: true });
  try {
    db.exec('BEGIN IMMEDIATE; ROLLBACK');
    return null;
  } catch (error) {
    if (!isBusy(error)) throw error;
    return readHolder(directory) ?? { pid: 0, host: 'unknown', program: 'unknown', since: 'unknown' };
  } finally {
    db.close();
  }
}

const isBusy = (error: unknown): boolean => systemCode(error)?.startsWith('SQLITE_BUSY') ?? false;

function readHolder(directory: string): Holder | undefined {
  const db = new Database(path.join(directory, FILE), { readonly: true, timeout: 100 });
  try {
    return db.prepare('SELECT * FROM holder').get() as Holder | undefined;
  } catch {
    return undefined; // the holder is about to write its name
  } finally {
    db.close();
  }
}
