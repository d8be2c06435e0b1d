import type { SQL } from "bun";
import { DatabaseUnusable } from "./database-unusable.ts";

/** The tables as a release knows them. */
export interface Schema {
  /** SQL that migrates a database from the version that is its index to the next one. */
  readonly migrations: readonly string[];
  /** Releases that know this version, or a later one, can use a database with all migrations. */
  readonly oldestVersion: number;
}

/**
 * The list is append-only: a released migration runs on databases of every age, while nodes of the release before work
 * on them. It therefore only adds; what the release before still reads is removed one release later.
 *
 * An update has the name of its document, and not the number: an append that has waited for a purge of another node would
 * write the number of the purged document. The content is compressed already, or too short for it.
 */
const migrations: readonly string[] = [
  `
  CREATE SEQUENCE yurt_rows; -- the ids of updates and bases
  CREATE SEQUENCE yurt_purges; -- counts the purges of documents

  CREATE TABLE yurt_writers (
    id bigint PRIMARY KEY, -- random
    head bigint NOT NULL DEFAULT 0, -- the number of its last batch
    beat timestamptz NOT NULL DEFAULT now() -- the time of its last batch
  ) WITH (fillfactor = 50);

  -- Documents that were compacted, deleted, undeleted or purged, each with a batch of its own.
  CREATE TABLE yurt_changes (
    writer bigint NOT NULL,
    batch bigint NOT NULL,
    document text COLLATE "C" NOT NULL,
    kind text NOT NULL, -- compacted, deleted, undeleted, purged
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (writer, batch)
  );

  -- Times are in epoch milliseconds.
  CREATE TABLE yurt_documents (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text COLLATE "C" NOT NULL UNIQUE,
    rows_after bigint NOT NULL, -- smaller than the ids of all its rows, and not than those of a purged document of this name
    base bigint, -- the id of the base that the last compaction has made
    base_data bytea,
    summary bytea, -- facts about the base, readable without decoding it
    last_update bigint NOT NULL DEFAULT 0, -- the id of the last update that compactions have replaced
    created_at bigint, -- NULL: an early release has created it, in SQLite
    updated_at bigint, -- the time of last_update
    deleted_at bigint,
    history_end bigint, -- the history ends after this update, and the base is the document at that moment; NULL: it does not reach the base
    CHECK ((base IS NULL) = (base_data IS NULL))
  );
  CREATE INDEX yurt_deleted_documents ON yurt_documents (name) WHERE deleted_at IS NOT NULL;

  -- The tails of the documents.
  CREATE TABLE yurt_updates (
    document text COLLATE "C" NOT NULL,
    id bigint NOT NULL,
    data bytea NOT NULL,
    at bigint, -- the time of the append; NULL as created_at
    "user" text, -- the id of the user who has sent it
    writer bigint NOT NULL,
    batch bigint NOT NULL, -- its number: those of a writer follow each other without gaps, in the order of their commits
    PRIMARY KEY (document, id)
  );
  CREATE INDEX yurt_batches ON yurt_updates (writer, batch);

  -- Updates that no Yjs document can apply. They are kept, but not served.
  CREATE TABLE yurt_quarantined (
    document bigint NOT NULL,
    id bigint NOT NULL,
    data bytea NOT NULL,
    PRIMARY KEY (document, id)
  );

  -- What was added to a document between two moments.
  CREATE TABLE yurt_history_segments (
    document bigint NOT NULL,
    last bigint NOT NULL, -- the id of its last update
    started_at bigint NOT NULL,
    ended_at bigint NOT NULL,
    users text NOT NULL, -- JSON: those of its updates since the last version
    marks bytea NOT NULL, -- which of its content is from when, and from whom
    data bytea NOT NULL,
    PRIMARY KEY (document, last)
  );
  CREATE INDEX yurt_history_ends ON yurt_history_segments (ended_at, document);

  -- A document at a moment.
  CREATE TABLE yurt_history_snapshots (
    document bigint NOT NULL,
    sequence bigint NOT NULL, -- the id of the last update
    at bigint NOT NULL,
    is_start boolean NOT NULL, -- no history leads to this moment
    data bytea NOT NULL,
    PRIMARY KEY (document, sequence)
  );

  CREATE TABLE yurt_versions (
    document bigint NOT NULL,
    sequence bigint NOT NULL, -- the id of the last update
    number integer NOT NULL, -- 0: automatic
    at bigint NOT NULL, -- the time of the last update
    name text,
    users text NOT NULL, -- JSON: those who have changed the document since the version before
    created_by text,
    PRIMARY KEY (document, sequence, number)
  );

  -- Change webhooks. Settings are JSON, with the secrets that sign.
  CREATE TABLE yurt_webhooks (
    id text COLLATE "C" PRIMARY KEY,
    settings text NOT NULL,
    starts_after bigint NOT NULL -- updates up to this id are older than the webhook
  );

  CREATE TABLE yurt_webhook_cursors (
    webhook text COLLATE "C" NOT NULL,
    document text COLLATE "C" NOT NULL,
    sequence bigint NOT NULL, -- updates up to this id have been reported
    PRIMARY KEY (webhook, document)
  );

  CREATE TABLE yurt_webhook_messages (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, -- ascends in the order of the events of a document
    webhook text COLLATE "C" NOT NULL,
    document text COLLATE "C" NOT NULL,
    message text NOT NULL, -- the id that the receiver is told
    type text NOT NULL,
    sequence bigint NOT NULL,
    body text NOT NULL,
    attempts integer NOT NULL,
    due_at bigint, -- the next attempt; NULL for a message that was given up
    failed_at bigint
  );
  CREATE INDEX yurt_webhook_lanes ON yurt_webhook_messages (webhook, document, id);

  -- Documents that appends have created, of which webhooks have no messages yet.
  CREATE TABLE yurt_created_documents (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    document text COLLATE "C" NOT NULL,
    sequence bigint NOT NULL, -- the id before its first update
    at bigint NOT NULL
  );

  -- The nodes that run. They find each other by notifications, and write here for whoever looks.
  CREATE TABLE yurt_nodes (
    id text COLLATE "C" PRIMARY KEY,
    release text NOT NULL,
    protocol integer NOT NULL, -- the version of what nodes tell each other
    started_at timestamptz NOT NULL DEFAULT now(),
    beat timestamptz NOT NULL DEFAULT now()
  ) WITH (fillfactor = 50);

  -- Messages between nodes that are too long for a notification. They are removed after a minute, and may be lost.
  CREATE UNLOGGED TABLE yurt_spill (
    node text COLLATE "C" NOT NULL,
    place bigint NOT NULL,
    data bytea NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (node, place)
  );

  ALTER TABLE yurt_spill ALTER data SET STORAGE EXTERNAL;

  -- Large values of transactions that have not begun. A crash of the database loses them, and the transactions.
  CREATE UNLOGGED TABLE yurt_sent_values (
    id uuid PRIMARY KEY,
    data bytea NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
  );

  ALTER TABLE yurt_sent_values ALTER data SET STORAGE EXTERNAL;

  -- Access control. The changes of a table are counted: by its version a node knows whether its copy is up to date.
  CREATE TABLE yurt_access (
    name text COLLATE "C" PRIMARY KEY,
    version bigint NOT NULL
  );
  INSERT INTO yurt_access VALUES ('revocations', 0), ('api-keys', 0);

  CREATE TABLE yurt_secrets (
    name text COLLATE "C" PRIMARY KEY,
    secret text NOT NULL
  );

  CREATE TABLE yurt_revocations (
    id text COLLATE "C" PRIMARY KEY,
    version bigint NOT NULL, -- that of the table which has it first
    content text NOT NULL, -- JSON
    until bigint NOT NULL
  );
  CREATE INDEX yurt_revocation_versions ON yurt_revocations (version);

  CREATE TABLE yurt_api_keys (
    id text COLLATE "C" PRIMARY KEY,
    name text COLLATE "C" NOT NULL UNIQUE,
    scope text NOT NULL,
    prefix text NOT NULL,
    created_at bigint NOT NULL,
    hash text COLLATE "C" NOT NULL UNIQUE, -- SHA-256 of the key, in hexadecimal
    place bigint GENERATED ALWAYS AS IDENTITY
  );

  CREATE TABLE yurt_admin_links (
    hash text COLLATE "C" PRIMARY KEY, -- SHA-256 of the code, in hexadecimal
    ends_at timestamptz NOT NULL
  );

  ALTER TABLE yurt_documents ALTER base_data SET STORAGE EXTERNAL;
  ALTER TABLE yurt_updates ALTER data SET STORAGE EXTERNAL;
  ALTER TABLE yurt_history_segments ALTER marks SET STORAGE EXTERNAL, ALTER data SET STORAGE EXTERNAL;
  ALTER TABLE yurt_history_snapshots ALTER data SET STORAGE EXTERNAL;
  `,
];

export const schema: Schema = { migrations, oldestVersion: 1 };

/** The key of the advisory lock under which one node at a time migrates. */
const migrationLock = 8_317_042_611;

/**
 * Migrates a database to the newest version. Nodes that start at the same time wait for each other. All migrations take
 * effect together, or none.
 *
 * Throws `DatabaseUnusable` before it writes anything if a newer release has written the database and this one cannot use it.
 */
export async function migrate(sql: SQL, known: Schema): Promise<void> {
  const newest = known.migrations.length;
  await sql.begin(async (transaction) => {
    await transaction`SELECT pg_advisory_xact_lock(${migrationLock}::bigint)`;
    await transaction.unsafe("CREATE TABLE IF NOT EXISTS yurt_meta (key text PRIMARY KEY, value text NOT NULL)");
    const version = await readMeta("version", transaction);
    if ((await readMeta("oldest_version", transaction)) > newest) throw newerThan(newest, version);
    if (version >= newest) return;
    for (const migration of known.migrations.slice(version)) await transaction.unsafe(migration);
    await writeMeta("version", newest, transaction);
    await writeMeta("oldest_version", known.oldestVersion, transaction);
  });
}

/**
 * Whether a database has tables of Yurt. Throws `DatabaseUnusable` if they are not those that this release creates: it writes
 * nothing.
 */
export async function refuseOther(sql: SQL, known: Schema): Promise<boolean> {
  const [table] = await sql<{ readonly isThere: boolean }[]>`SELECT to_regclass('yurt_meta') IS NOT NULL AS "isThere"`;
  if (table?.isThere !== true) return false;
  const newest = known.migrations.length;
  const version = await readMeta("version", sql);
  if (version > newest) throw newerThan(newest, version);
  if (version < newest)
    throw new DatabaseUnusable("An earlier release of Yurt has written the database. Start a server on it once.");
  return version > 0;
}

/** The number that is stored with a key; 0 if there is none. */
async function readMeta(key: string, sql: SQL): Promise<number> {
  const [found] = await sql<{ readonly value: string }[]>`SELECT value FROM yurt_meta WHERE key = ${key}`;
  return Number(found?.value ?? 0);
}

async function writeMeta(key: string, value: number, sql: SQL): Promise<void> {
  await sql`INSERT INTO yurt_meta (key, value) VALUES (${key}, ${`${value}`})
    ON CONFLICT (key) DO UPDATE SET value = excluded.value`;
}

function newerThan(known: number, version: number): DatabaseUnusable {
  const text = `The database has version ${version}; this release of Yurt knows versions up to ${known}.`;
  return new DatabaseUnusable(`${text} Start a newer one.`);
}
