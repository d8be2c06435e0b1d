import { nextTurn } from "../../../lib/time/next-turn.ts";
import type { Connection } from "../connection.ts";

/** The pages that are overwritten at once: 1 MB, about 2 ms. */
const pagesAtOnce = 256;
/** Rows that are deleted meanwhile free further pages. */
const passes = 4;

/** The store, as far as a scrub needs it. */
export interface ScrubbedStore {
  readonly connection: Connection;
  /** Folds a part of the journal; false if there is nothing to fold. */
  fold(): boolean | Promise<boolean>;
  /** As `Store.durable`. */
  durable(): Promise<void>;
  readonly write: WriteStep;
}

/** As `Store.scrub`, but resolves with false if the database is in use, so that something may be left. */
export async function scrubDatabase({ connection, durable, fold, write }: ScrubbedStore): Promise<boolean> {
  // After a failed sync, everything that may not be on disk would be written again.
  await durable();
  while (await fold()) await nextTurn();
  await durable();
  return (await overwriteFreePages(connection, write)) && (await connection.emptyLog());
}

/** A step of a task that must not block the event loop for long. Runs `task` in a transaction, which writes so many bytes. */
export type WriteStep = (bytes: number, task: () => void) => Promise<void>;

/**
 * Overwrites the free pages of a database with zeros: rows of zeros take them, and are deleted again. (SQLite overwrites
 * what is deleted on pages that stay in use.)
 *
 * Resolves with whether all pages that were free have been overwritten.
 */
async function overwriteFreePages({ statements }: Connection, write: WriteStep): Promise<boolean> {
  const free = () => statements.countFreePages.get()?.pages ?? 0;
  // A row takes whole pages, which are smaller than 4,096 bytes by their headers.
  const bytes = pagesAtOnce * 4_096;
  const limit = passes * Math.ceil(free() / pagesAtOnce + 1);
  let rows = 0;
  while (free() > 0 && rows < limit) {
    await write(bytes, () => statements.insertScrubbed.run(bytes));
    rows += 1;
  }
  const isDone = free() === 0;
  await releaseScrubbed(statements, write);
  return isDone;
}

/** Deletes the rows of zeros, also those that an interrupted scrub has left. */
async function releaseScrubbed({ deleteScrubbed }: Connection["statements"], write: WriteStep): Promise<void> {
  let isDone = false;
  while (!isDone) {
    await write(0, () => {
      isDone = deleteScrubbed.run().changes === 0;
    });
  }
}
