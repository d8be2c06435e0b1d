import packageJson from "../../../package.json" with { type: "json" };
import type { Clock } from "../../lib/time/clock.ts";
import type { Metrics } from "../../ops/metrics.ts";
import type { OpenBus } from "../../storage/postgres/bus/postgres-bus.ts";
import type { Database } from "../../storage/postgres/database.ts";

interface BusDependencies {
  readonly clock: Clock;
  readonly metrics: Metrics;
}

/** Opens the bus of the servers that share a database; undefined for a server on its own. */
export async function openBus(
  database: Database | undefined,
  dependencies: BusDependencies,
): Promise<OpenBus | undefined> {
  if (database === undefined) return undefined;
  // A server on its own does not load the module.
  const { openPostgresBus } = await import("../../storage/postgres/bus/postgres-bus.ts");
  return openPostgresBus({ ...dependencies, database, release: packageJson.version });
}
