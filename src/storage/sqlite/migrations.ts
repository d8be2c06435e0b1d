import type { Database } from "bun:sqlite";

/** SQL that migrates a database from the version that is its index to the next one. */
export type Migration = string;

/**
 * The list is append-only: a released migration runs on databases of every age. A new one begins with `UPDATE
 * required_release SET version = '…'`, the release that it is part of, and needs a fixture (`scripts/upgrade-fixture.ts`).
 */
export const migrations: readonly Migration[] = [
  // `updates` is clustered by document, because that is how it is read and deleted. Measured with 20,000 documents,
  // their 2 million keystrokes of 30 bytes interleaved, against a table in the order of the rows with an index on
  // document: to load the 100 updates of one document 64 µs against 370 (and a few pages of a cold disk instead of one
  // page per update), one append 34 µs against 28, 100 appends to one document 290 µs against 330, 100 appends to 100
  // documents 1.7 ms against 1.5; a single append writes 5.6 kB to the WAL against 8.8.
  //
  // A maximum over all row ids would read the whole table, hence `row_ids`: every id below `reserved` may be in use.
  `
  CREATE TABLE documents (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    base INTEGER -- the row in updates that the last compaction left
  ) STRICT;

  CREATE TABLE updates (
    document INTEGER NOT NULL,
    id INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (document, id)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE row_ids (reserved INTEGER NOT NULL) STRICT;
  INSERT INTO row_ids VALUES (1);
  `,
  `
  ALTER TABLE documents ADD COLUMN summary BLOB; -- facts about the base, readable without decoding it

  -- Updates that no Yjs document can apply. They are kept, but not served.
  CREATE TABLE quarantined (
    document INTEGER NOT NULL,
    id INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (document, id)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  ALTER TABLE documents ADD COLUMN folded INTEGER NOT NULL DEFAULT 0; -- updates up to this id are not in the journal

  -- One record for each append, with updates of several documents that are not in the table updates yet.
  CREATE TABLE journal (
    id INTEGER PRIMARY KEY, -- the id of its first update
    data BLOB NOT NULL
  ) STRICT;
  `,
  `
  -- The oldest release that can open the database. Releases before it, which know fewer migrations, name it.
  CREATE TABLE required_release (version TEXT NOT NULL) STRICT;
  INSERT INTO required_release VALUES ('0.1.0');
  `,
  `
  UPDATE required_release SET version = '0.1.0';

  -- Times are in epoch milliseconds; those before this migration are unknown.
  ALTER TABLE documents ADD COLUMN last_update INTEGER NOT NULL DEFAULT 0; -- the id of the last update that compactions have seen
  ALTER TABLE documents ADD COLUMN created_at INTEGER;
  ALTER TABLE documents ADD COLUMN updated_at INTEGER; -- the time of last_update
  ALTER TABLE documents ADD COLUMN deleted_at INTEGER;
  CREATE INDEX deletions ON documents (deleted_at);
  UPDATE documents
    SET last_update = coalesce((SELECT max(updates.id) FROM updates WHERE updates.document = documents.id), 0);

  CREATE TABLE scrubbed (zeros BLOB NOT NULL) STRICT; -- takes the free pages while they are overwritten

  ALTER TABLE updates ADD COLUMN at INTEGER; -- the time of the append
  ALTER TABLE updates ADD COLUMN user TEXT; -- the id of the user who has sent it

  -- Change webhooks. Settings are JSON, with the secrets that sign.
  CREATE TABLE webhooks (
    id TEXT PRIMARY KEY,
    settings TEXT NOT NULL,
    starts_after INTEGER NOT NULL -- updates up to this id are older than the webhook
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE webhook_cursors (
    webhook TEXT NOT NULL,
    document TEXT NOT NULL,
    sequence INTEGER NOT NULL, -- updates up to this id have been reported
    PRIMARY KEY (webhook, document)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE webhook_messages (
    id INTEGER PRIMARY KEY, -- ascends in the order of the events
    webhook TEXT NOT NULL,
    document TEXT NOT NULL,
    message TEXT NOT NULL, -- the id that the receiver is told
    type TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    body TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    due_at INTEGER, -- the next attempt; NULL for a message that was given up
    failed_at INTEGER
  ) STRICT;
  CREATE INDEX webhook_lanes ON webhook_messages (webhook, document, id);

  -- The history ends after this update, and the base is the document at that moment. NULL: it does not reach the base.
  ALTER TABLE documents ADD COLUMN history_end INTEGER;

  -- What was added to a document between two moments.
  CREATE TABLE history_segments (
    document INTEGER NOT NULL,
    last INTEGER NOT NULL, -- the id of its last update
    started_at INTEGER NOT NULL,
    ended_at INTEGER NOT NULL,
    users TEXT NOT NULL, -- JSON: those of its updates since the last version
    marks BLOB NOT NULL, -- which of its content is from when, and from whom
    data BLOB NOT NULL,
    PRIMARY KEY (document, last)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX history_ends ON history_segments (ended_at, document);

  -- A document at a moment.
  CREATE TABLE history_snapshots (
    document INTEGER NOT NULL,
    sequence INTEGER NOT NULL, -- the id of the last update
    at INTEGER NOT NULL,
    is_start INTEGER NOT NULL, -- 1: no history leads to this moment
    data BLOB NOT NULL,
    PRIMARY KEY (document, sequence)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE versions (
    document INTEGER NOT NULL,
    sequence INTEGER NOT NULL, -- the id of the last update
    number INTEGER NOT NULL, -- 0: automatic
    at INTEGER NOT NULL, -- the time of the last update
    name TEXT,
    users TEXT NOT NULL, -- JSON: those who have changed the document since the version before
    created_by TEXT,
    PRIMARY KEY (document, sequence, number)
  ) STRICT, WITHOUT ROWID;
  `,
];

interface NewerDatabase {
  readonly version: number;
  /** The newest version that this release knows. */
  readonly known: number;
  readonly requiredRelease: string | undefined;
}

/** A newer release, with more migrations, has written the database. */
export class DatabaseIsNewer extends Error {
  /** `requiredRelease` is undefined if the database does not name it. */
  constructor({ version, known, requiredRelease }: NewerDatabase) {
    const remedy = requiredRelease === undefined ? "Start a newer one." : `Start Yurt ${requiredRelease} or newer.`;
    super(`The database has version ${version}; this release of Yurt knows versions up to ${known}. ${remedy}`);
    this.name = "DatabaseIsNewer";
  }
}

/**
 * Migrates a database to the newest version, which `PRAGMA user_version` stores.
 *
 * Each migration takes effect completely or not at all. Throws `DatabaseIsNewer` before it writes anything.
 */
export function migrate(database: Database, known: readonly Migration[]): void {
  refuseNewer(database, known);
  const version = userVersion(database);
  for (const [index, migration] of known.entries()) {
    if (index < version) continue;
    database
      .transaction(() => {
        database.run(migration);
        database.run(`PRAGMA user_version = ${index + 1}`);
      })
      .exclusive();
  }
}

/** Throws `DatabaseIsNewer` for a database that has had more than the `known` migrations. */
export function refuseNewer(database: Database, known: readonly Migration[]): void {
  const version = userVersion(database);
  if (version <= known.length) return;
  throw new DatabaseIsNewer({ version, known: known.length, requiredRelease: requiredRelease(database) });
}

/** Undefined unless the table is there and holds the version of a release: a newer release may store it elsewhere. */
function requiredRelease(database: Database): string | undefined {
  try {
    const statement = database.prepare<{ version: unknown }, []>("SELECT version FROM required_release");
    const version = statement.get()?.version;
    statement.finalize();
    return typeof version === "string" && /^\d{1,5}(\.\d{1,5}){2}$/.test(version) ? version : undefined;
  } catch {
    return undefined;
  }
}

/** The number of migrations that a database has had. */
export function userVersion(database: Database): number {
  const statement = database.prepare<{ user_version: number }, []>("PRAGMA user_version");
  const version = statement.get()?.user_version ?? 0;
  statement.finalize();
  return version;
}
