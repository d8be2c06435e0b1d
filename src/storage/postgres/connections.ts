import { readFileSync } from "node:fs";
import { SQL } from "bun";
import { placeOfDatabase } from "../../config/database-url.ts";
import { errorCode } from "../../lib/error-code.ts";
import { DatabaseUnusable } from "./database-unusable.ts";
import { RenewableSql } from "./renewable-sql.ts";

export interface ConnectionsOptions {
  /**
   * The URL of the database, `postgres://…`, without a pooler between that shares sessions. The tables are in the first
   * schema of the search path.
   */
  readonly url: string;
  /** Asked for each new connection. Undefined: the password in the URL, if there is one. */
  readonly password?: (() => string) | undefined;
  /**
   * The path of a PEM file with the authorities that sign the server's certificate. The certificate is verified then, and
   * its host name as well, unless the URL says `sslmode=verify-ca`.
   */
  readonly caFile?: string | undefined;
}

/** The connections of a node to its database. */
export interface Connections {
  /** One connection, for appends alone: no other statement delays them. */
  readonly writer: SQL;
  readonly pool: SQL;
  /** As `placeOfDatabase`: `db.example.com/yurt`. */
  readonly place: string;
  /**
   * Opens one connection that is not of the pool, and another one when it listens. `closed` is called when one of them has
   * closed. Its owner closes it.
   */
  openSeparate(closed: () => void): SQL;
  /** Gives up the connections but the separate ones, because the other end does not answer: see `RenewableSql.renew`. */
  renew(): void;
  /** As `renew`, but no other ones are opened: statements that follow reject at once. */
  giveUp(): void;
  /** Resolves when the statements that run have ended and the connections are closed. */
  close(): Promise<void>;
}

/** For everything but appends and notifications. */
export const pooledConnections = 4;
/** An append must not wait for long before it is known that the database is out of reach. */
const connectionTimeoutSeconds = 5;

/**
 * The settings of each session. A node that is stopped in the middle of a transaction must not hold the lock of a document
 * for long.
 */
const sessionSettings = {
  application_name: "yurt",
  client_encoding: "UTF8",
  lock_timeout: "10s",
  idle_in_transaction_session_timeout: "5s",
};

/** Connects with the first statement. Throws `DatabaseUnusable` for an invalid URL, which is not quoted: it has a password. */
export function openConnections({ url, password, caFile }: ConnectionsOptions): Connections {
  const parsed = URL.parse(url);
  if (parsed === null || !/^postgres(ql)?:$/.test(parsed.protocol)) throw invalidUrl();
  // Bun prefers the variable PGDATABASE to the database of the URL.
  const database = decodeURIComponent(parsed.pathname.slice(1));
  const options = {
    connectionTimeout: connectionTimeoutSeconds,
    connection: sessionSettings,
    ...(database && { database }),
    ...(password && { password }),
    ...(caFile !== undefined && { tls: { ca: readAuthorities(caFile) } }),
  };
  const connect = (max: number, closed?: () => void) =>
    new SQL(url, { adapter: "postgres", max, ...options, ...(closed && { onclose: closed }) });
  const [writer, pool] = openAll((max) => new RenewableSql(() => connect(max)));
  const all = [writer, pool];
  return {
    writer: writer.sql,
    pool: pool.sql,
    place: placeOfDatabase(parsed),
    openSeparate: (closed) => connect(1, closed),
    close: async () => {
      await Promise.all(all.map((each) => each.close()));
    },
    renew: () => {
      for (const each of all) each.renew();
    },
    giveUp: () => {
      for (const each of all) each.giveUp();
    },
  };
}

function openAll(open: (max: number) => RenewableSql) {
  try {
    return [open(1), open(pooledConnections)] as const;
  } catch {
    // The runtime's message may quote a parameter of the URL.
    throw invalidUrl();
  }
}

function invalidUrl(): DatabaseUnusable {
  return new DatabaseUnusable("The URL of the database is invalid. Give postgres://user@host:port/database.");
}

function readAuthorities(caFile: string): string {
  const pem = readOrExplain(caFile);
  if (pem.includes("-----BEGIN CERTIFICATE-----")) return pem;
  throw new DatabaseUnusable(`${caFile} has no certificates. Name a PEM file with cluster.ca-file.`);
}

function readOrExplain(caFile: string): string {
  try {
    return readFileSync(caFile, "utf8");
  } catch (error) {
    const reason = errorCode(error) ?? "no text";
    throw new DatabaseUnusable(`${caFile} cannot be read (${reason}). Name a PEM file with cluster.ca-file.`);
  }
}
