/**
 * The code of the writing thread: one connection, and nothing else of the program, since it is loaded alone (see
 * sqlite-writer.ts). Everything that waits for the disk waits here: commits, WAL checkpoints, copies.
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

/** Without an open transaction a statement would commit on its own. */
function prepared(sql: string): Database.Statement {
  if (!open().inTransaction) throw new Error('no transaction is open');
  let statement = statements.get(sql);
  if (!statement) statements.set(sql, (statement = open().prepare(sql)));
  return statement;
}

/**
 * Truncates the write-ahead log after a while without writes, so that it does not stay as large as a long reader made it. If a
 * reader is still active, it does not wait but tries again later.
 */
function truncateWal(): void {
  const db = open();
  const busyMs = db.pragma('busy_timeout', { simple: true }) as number;
  try {
    db.pragma('busy_timeout = 0');
    const [outcome] = db.pragma('wal_checkpoint(TRUNCATE)') as { busy: number }[];
    if (outcome!.busy !== 0) whenIdle(idleMs);
  } catch {
    whenIdle(idleMs); // the next write reports a full or failing disk
  } finally {
    db.pragma(`busy_timeout = ${busyMs}`);
  }
}

function whenIdle(ms: number): void {
  clearTimeout(idle);
  idle = setTimeout(() => (open().inTransaction ? whenIdle(ms) : truncateWal()), ms);
}

async function answer(request: Request): Promise<unknown> {
  switch (request.what) {
    case 'begin':
      clearTimeout(idle);
      // An entry's row refers to its event, which is stored at the end of the group: foreign keys are checked at the commit.
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
// What a crash left in the write-ahead log is checkpointed even if nobody writes.
whenIdle(idleMs);
