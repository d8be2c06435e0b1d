import type { SQL } from "bun";
import type { AccessContent } from "../../access/access-content.ts";
import type { Rows } from "../../transfer/tables.ts";
import {
  type Progress,
  type SizedDocument,
  type SourceIdentity,
  TransferRefused,
  type TransferSource,
  type TransferTarget,
} from "../../transfer/transfer-ends.ts";
import { addDatabaseAccess, readDatabaseAccess } from "../access/copy-access.ts";
import { type Connections, type ConnectionsOptions, openConnections } from "../connections.ts";
import { refuseUnsuitable } from "../database.ts";
import { explained } from "../explain-error.ts";
import { migrate, refuseOther, schema } from "../migrations.ts";
import { translateErrors } from "../postgres-errors.ts";
import { DatabaseRows } from "./database-rows.ts";
import { RowInserter } from "./insert-rows.ts";
import { lockTransfer, progressKey, refuseNodes } from "./transfer-lock.ts";

/**
 * Connects to a database that is to be copied. It is only read; no node may use it until `close`.
 *
 * Rejects with `TransferRefused` or `StoreError`; nothing is left open then.
 */
export function openDatabaseSource(options: ConnectionsOptions): Promise<TransferSource> {
  return open(options, async (sql) => {
    if (!(await refuseOther(sql, schema)))
      throw new TransferRefused("The database has no documents of Yurt. Give the URL of another one.");
  });
}

/**
 * Connects to a database that takes a copy, and creates the tables. No node may use it until `finish`.
 *
 * Rejects as `openDatabaseSource`.
 */
export function openDatabaseTarget(options: ConnectionsOptions): Promise<TransferTarget> {
  return open(options, (sql) => migrate(sql, schema));
}

async function open(options: ConnectionsOptions, prepare: (sql: SQL) => Promise<void>): Promise<DatabaseEnd> {
  const connections = openConnections(options);
  try {
    // All statements use this connection, which holds the lock.
    const sql = connections.writer;
    await refuseUnsuitable(sql);
    await sql`SELECT set_config('application_name', 'yurt migrate', false),
      set_config('idle_in_transaction_session_timeout', '0', false), set_config('statement_timeout', '0', false),
      set_config('lock_timeout', '3s', false)`;
    await lockTransfer(sql);
    await prepare(sql);
    await refuseNodes(sql);
    return new DatabaseEnd(connections);
  } catch (error) {
    await closeConnections(connections);
    throw explained(error, connections.place);
  }
}

/** The database would release the lock some time after the connection is closed. */
async function closeConnections({ close, writer }: Connections): Promise<void> {
  // The error of a broken connection is known.
  await writer`SELECT pg_advisory_unlock_all()`.catch(() => {});
  await close();
}

interface StoredProgress extends SourceIdentity {
  readonly after: string | null;
  readonly hasServer: boolean;
}

/** A database that is copied, or takes a copy. */
class DatabaseEnd implements TransferTarget {
  readonly #connections: Connections;
  readonly #rows: DatabaseRows;

  constructor(connections: Connections) {
    this.#connections = connections;
    this.#rows = new DatabaseRows(connections.writer);
  }

  identify(): Promise<SourceIdentity> {
    return translateErrors(async () => {
      const [found] = await this.#sql<{ readonly schema: string }[]>`SELECT current_schema()::text AS schema`;
      return { place: `${this.#connections.place}/${found?.schema}`, lastRow: await this.#rows.lastRow() };
    });
  }

  begin(source: SourceIdentity): Promise<Progress> {
    return translateErrors(async () => {
      const found = await this.#readProgress();
      if (found !== undefined) return resumed(found, source);
      await this.#refuseFilled();
      await this.#saveProgress({ ...source, after: null, hasServer: false }, this.#sql);
      return { after: undefined, hasServer: false };
    });
  }

  write(after: string, rows: AsyncIterable<Rows>): Promise<void> {
    return this.#insert(rows, { after });
  }

  writeServer(lastRow: number, rows: AsyncIterable<Rows>): Promise<void> {
    return this.#insert(rows, { hasServer: true }, async (transaction) => {
      if (lastRow > 0) await transaction`SELECT setval('yurt_rows', ${lastRow}::bigint)`;
    });
  }

  async finish(): Promise<void> {
    await translateErrors(async () => {
      await refuseNodes(this.#sql);
      // The first queries of the nodes would not use the indexes.
      await this.#sql`ANALYZE`;
      await this.#sql`DELETE FROM yurt_meta WHERE key = ${progressKey}`;
    });
  }

  countDocuments(): Promise<number> {
    return translateErrors(() => this.#rows.countDocuments());
  }

  documents(after: string | undefined, limit: number): Promise<readonly SizedDocument[]> {
    return translateErrors(() => this.#rows.documents(after, limit));
  }

  read(documents: readonly string[]): AsyncIterable<Rows> {
    return translated(this.#rows.read(documents));
  }

  readServer(): AsyncIterable<Rows> {
    return translated(this.#rows.readServer());
  }

  readAccess(now: number): Promise<AccessContent> {
    return readDatabaseAccess(this.#sql, now);
  }

  addAccess(content: AccessContent): Promise<void> {
    return addDatabaseAccess(content, this.#sql);
  }

  close(): Promise<void> {
    return closeConnections(this.#connections);
  }

  get #sql(): SQL {
    return this.#connections.writer;
  }

  async #insert(
    parts: AsyncIterable<Rows>,
    progress: Partial<StoredProgress>,
    atEnd?: (transaction: SQL) => Promise<void>,
  ): Promise<void> {
    await translateErrors(async () => {
      await this.#sql.begin(async (transaction) => {
        // The connection may be another one than the one that has taken it.
        await lockTransfer(transaction);
        const inserter = new RowInserter(transaction);
        for await (const part of parts) await inserter.insert(part);
        await atEnd?.(transaction);
        const found = await this.#readProgress(transaction);
        if (found === undefined) throw new TransferRefused("Something else has emptied the database. Begin again.");
        await this.#saveProgress({ ...found, ...progress }, transaction);
      });
    });
  }

  async #refuseFilled(): Promise<void> {
    const [found] = await this.#sql<{ readonly isFilled: boolean }[]>`
      SELECT EXISTS (SELECT FROM yurt_documents) OR EXISTS (SELECT FROM yurt_webhooks)
        OR EXISTS (SELECT FROM yurt_secrets) OR EXISTS (SELECT FROM yurt_api_keys)
        OR EXISTS (SELECT FROM yurt_revocations) AS "isFilled"`;
    if (found?.isFilled === true)
      throw new TransferRefused("A server has used the database already. Choose an empty database or schema.");
  }

  async #readProgress(sql = this.#sql): Promise<StoredProgress | undefined> {
    const [found] = await sql<{ readonly value: string }[]>`SELECT value FROM yurt_meta WHERE key = ${progressKey}`;
    // Only `#saveProgress` writes it.
    return found && (JSON.parse(found.value) as StoredProgress);
  }

  async #saveProgress(progress: StoredProgress, sql: SQL): Promise<void> {
    await sql`INSERT INTO yurt_meta (key, value) VALUES (${progressKey}, ${JSON.stringify(progress)})
      ON CONFLICT (key) DO UPDATE SET value = excluded.value`;
  }
}

function resumed({ after, hasServer, ...begun }: StoredProgress, source: SourceIdentity): Progress {
  if (begun.place !== source.place)
    throw new TransferRefused(`The database takes a copy of ${begun.place}. Finish that, or empty the database.`);
  if (begun.lastRow !== source.lastRow)
    throw new TransferRefused("The source has changed since the copy was begun. Empty the database, and begin again.");
  return { after: after ?? undefined, hasServer };
}

/** The same parts, with errors of Postgres as `StoreError`. */
async function* translated(parts: AsyncGenerator<Rows>): AsyncGenerator<Rows> {
  for (;;) {
    const next = await translateErrors(() => parts.next());
    if (next.done === true) return;
    yield next.value;
  }
}
