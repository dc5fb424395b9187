/**
 * What runs in the thread that writes: one connection, and nothing of the rest of the program, since it is loaded alone (see
 * sqlite-writer.ts). Whatever waits for the disk waits here: commits, checkpoints, copies.
 */
import { parentPort, workerData } from 'node:worker_threads';
import Database from 'better-sqlite3';
import type { Answer, Request, WriterData } from './sqlite-writer.js';

const { file, pragmas, idleMs, copyPages } = workerData as WriterData;
const port = parentPort!;
const statements = new Map<string, Database.Statement>();
let connection: Database.Database | undefined;
let idle: NodeJS.Timeout | undefined;

function open(): Database.Database {
  if (connection) return connection;
  const opened = new Database(file, { fileMustExist: true });
  for (const pragma of pragmas) opened.pragma(pragma);
  return (connection = opened);
}

/** Whoever lost a transaction must not go on without one. */
function prepared(sql: string): Database.Statement {
  if (!open().inTransaction) throw new Error('no transaction is open');
  let statement = statements.get(sql);
  if (!statement) statements.set(sql, (statement = open().prepare(sql)));
  return statement;
}

/**
 * Empties the write-ahead log once nobody has written for a while, so that what a long reader made of it does not stay. A reader
 * that is still there is not waited for, but asked again later.
 */
function emptyLog(): void {
  const db = open();
  const busyMs = db.pragma('busy_timeout', { simple: true }) as number;
  try {
    db.pragma('busy_timeout = 0');
    const [outcome] = db.pragma('wal_checkpoint(TRUNCATE)') as { busy: number }[];
    if (outcome!.busy !== 0) whenIdle(idleMs);
  } catch {
    whenIdle(idleMs); // a full or failing disk is said to whoever writes next
  } finally {
    db.pragma(`busy_timeout = ${busyMs}`);
  }
}

function whenIdle(ms: number): void {
  clearTimeout(idle);
  idle = setTimeout(() => (open().inTransaction ? whenIdle(ms) : emptyLog()), ms);
}

async function answer(request: Request): Promise<unknown> {
  switch (request.what) {
    case 'begin':
      clearTimeout(idle);
      // An entry's row refers to its event, which is stored with the whole group: checked at the commit.
      open().exec('BEGIN IMMEDIATE; PRAGMA defer_foreign_keys = ON');
      break;
    case 'commit':
      open().exec('COMMIT');
      whenIdle(idleMs);
      break;
    case 'rollback':
      if (open().inTransaction) open().exec('ROLLBACK');
      whenIdle(idleMs);
      break;
    case 'all':
      return prepared(request.sql).all(...request.values);
    case 'run':
      return prepared(request.sql).run(...request.values).changes;
    case 'insert': {
      const statement = prepared(request.sql);
      for (const row of request.rows) statement.run(...row);
      break;
    }
    case 'copy': {
      let begun = false;
      await open().backup(request.to, {
        progress: () => {
          if (!begun) port.postMessage({ id: request.id, begun: true } satisfies Answer);
          begun = true;
          return copyPages;
        },
      });
      break;
    }
    case 'close':
      clearTimeout(idle);
      connection?.close();
  }
  return undefined;
}

port.on('message', (request: Request) => {
  const { id, what } = request;
  void answer(request)
    .then(
      (value): Answer => ({ id, value }),
      ({ message, code }: Error & { code?: string }): Answer => ({ id, error: { message, code } }),
    )
    .then((said) => {
      port.postMessage(said);
      if (what === 'close') port.close();
    });
});
// What a crash left in the write-ahead log is put away even if nobody writes.
whenIdle(idleMs);
