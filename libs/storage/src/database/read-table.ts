import Database from 'better-sqlite3';
import { CapError } from '@cap/core';
import { storageError } from '../storage-errors.js';

/** All rows of a table of a foreign SQLite file, in their order. CapError file.malformed without that table. */
export function readTable(file: string, table: string): Record<string, unknown>[] {
  try {
    const db = new Database(file, { readonly: true, fileMustExist: true });
    try {
      const found = db.prepare(`SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?`).get(table);
      if (!found) throw new CapError('file.malformed', `${file}: has no table ${table}`);
      return db.prepare(`SELECT * FROM "${table.replaceAll('"', '""')}"`).all() as Record<string, unknown>[];
    } finally {
      db.close();
    }
  } catch (error) {
    throw storageError(error, file);
  }
}
