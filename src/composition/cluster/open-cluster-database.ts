import { type Backoff, backoffMs } from "../../lib/backoff.ts";
import type { Clock } from "../../lib/time/clock.ts";
import type { Log } from "../../ops/log.ts";
import type { Database } from "../../storage/postgres/database.ts";
import { DatabaseUnusable } from "../../storage/postgres/database-unusable.ts";
import type { ClusterOptions } from "../server-options.ts";

export interface ClusterDatabaseOptions {
  readonly cluster: ClusterOptions;
  /** Asked for each new connection, if there is a password beside the URL. */
  readonly password: () => string;
  readonly clock: Clock;
  readonly log: Log;
}

/** The database may start together with the server, and take longer. */
export const longestWaitMs = 60_000;
const backoff: Backoff = { firstMs: 250, maxMs: 2_000 };

/**
 * Opens the database that the nodes of a cluster share. Waits up to a minute for one that does not answer yet.
 *
 * Rejects with `DatabaseUnusable`: at once if waiting would not help.
 */
export async function openClusterDatabase({
  cluster: { url, password: given, caFile },
  password,
  clock,
  log,
}: ClusterDatabaseOptions): Promise<Database> {
  // A server on its own does not load the modules.
  const { openDatabase } = await import("../../storage/postgres/database.ts");
  const options = { url: url.href, caFile, ...(given !== undefined && { password }) };
  const begunAt = clock.elapsedMs();
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await openDatabase(options);
    } catch (error) {
      const waitMs = backoffMs(attempt, backoff);
      if (!mayPass(error) || clock.elapsedMs() - begunAt + waitMs > longestWaitMs) throw error;
      if (attempt === 1) log.warn({ event: "database-awaited", problem: error.message, withinMs: longestWaitMs });
      await new Promise<void>((resolve) => void clock.after(waitMs, resolve));
    }
  }
}

/** Opens the database for a command, at once. Rejects with `DatabaseUnusable`. */
export async function connectToCluster(cluster: ClusterOptions): Promise<Database> {
  const { openDatabase } = await import("../../storage/postgres/database.ts");
  return await openDatabase(connectionsOf(cluster));
}

/** As `examineDatabase`. */
export async function examineCluster(cluster: ClusterOptions): Promise<Pick<Database, "place" | "warnings">> {
  const { examineDatabase } = await import("../../storage/postgres/database.ts");
  return await examineDatabase(connectionsOf(cluster));
}

function connectionsOf({ url, password, caFile }: ClusterOptions) {
  return { url: url.href, caFile, ...(password !== undefined && { password: () => password }) };
}

function mayPass(error: unknown): error is DatabaseUnusable {
  return error instanceof DatabaseUnusable && error.mayPass;
}
