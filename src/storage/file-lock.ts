import { constants, Database } from "bun:sqlite";
import { realpathSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/**
 * Locks a file with SQLite's own lock on a database that stays empty, since the runtime has no other call for locks.
 * Returns the function that releases the lock. Throws SQLITE_BUSY if another holder has not released it after `waitMs`.
 *
 * The kernel releases the lock when the process dies, and SQLite enforces it between two connections of one process, by
 * inode. The kernel also releases it when this process closes any other descriptor of the file, so no other code may
 * open the file while it is locked, not even to read it. The lock also ends when the garbage collector frees the
 * returned function.
 */
export function lockFile(file: string, waitMs: number): () => void {
  // With this flag SQLite refuses a path with a link in it, whichever name of it is one.
  const flags = constants.SQLITE_OPEN_READWRITE | constants.SQLITE_OPEN_CREATE | constants.SQLITE_OPEN_NOFOLLOW;
  const database = new Database(join(realpathSync(dirname(file)), basename(file)), flags);
  try {
    database.run(`PRAGMA busy_timeout = ${waitMs}`);
    // SQLite would remove a journal by its path at the end, and another process may have replaced the folder by then.
    database.run("PRAGMA journal_mode = MEMORY");
    database.run("BEGIN EXCLUSIVE");
  } catch (error) {
    database.close(true);
    throw error;
  }
  return () => database.close(true);
}

/** Throws SQLITE_BUSY if a holder has locked the file with `lockFile`. The same rules hold for other code. */
export function testLock(file: string): void {
  const database = new Database(file, { readonly: true });
  try {
    // Every read needs the lock that readers share.
    database.run("SELECT 1 FROM sqlite_schema");
  } finally {
    database.close(true);
  }
}
