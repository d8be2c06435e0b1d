import { SQL } from "bun";
import { StoreError } from "../store.ts";

export interface ConnectionsOptions {
  /**
   * The URL of the database, `postgres://…`, without a pooler between that shares sessions. The tables are in the first
   * schema of the search path.
   */
  readonly url: string;
}

/** The connections of a node to its database. */
export interface Connections {
  /** One connection, for appends alone: no other statement delays them. */
  readonly writer: SQL;
  readonly pool: SQL;
  /** The host and the name of the database, for people: `db.example.com/yurt`. */
  readonly place: string;
  /** Resolves when the statements that run have ended and the connections are closed. */
  close(): Promise<void>;
}

const pooledConnections = 4;
/** An append must not wait for long before it is known that the database is out of reach. */
const connectionTimeoutSeconds = 5;

/**
 * The settings of each session. A node that is stopped in the middle of a transaction must not hold the lock of a document
 * for long.
 */
const session = {
  application_name: "yurt",
  client_encoding: "UTF8",
  lock_timeout: "10s",
  idle_in_transaction_session_timeout: "5s",
};

/** Connects with the first statement. Throws `StoreError` for an invalid URL, which is not quoted: it has a password. */
export function openConnections({ url }: ConnectionsOptions): Connections {
  const parsed = URL.parse(url);
  if (parsed === null || !/^postgres(ql)?:$/.test(parsed.protocol))
    throw new StoreError("unavailable", "The URL of the database is invalid. Give postgres://user@host:port/database.");
  // Bun prefers the variable PGDATABASE to the database of the URL.
  const database = decodeURIComponent(parsed.pathname.slice(1));
  const options = { connectionTimeout: connectionTimeoutSeconds, connection: session, ...(database && { database }) };
  const open = (max: number) => new SQL(url, { adapter: "postgres", max, ...options });
  const writer = open(1);
  const pool = open(pooledConnections);
  return {
    writer,
    pool,
    place: `${parsed.host}/${database}`,
    close: async () => {
      await Promise.all([writer.close(), pool.close()]);
    },
  };
}
