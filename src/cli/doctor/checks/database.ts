import { examineCluster } from "../../../composition/cluster/open-cluster-database.ts";
import { clusterOptionsOf } from "../../../composition/settings/cluster/cluster-settings.ts";
import type { Examination } from "../examination.ts";
import type { Finding } from "../finding.ts";

const check = "Database";

/** Whether a server could use the database that it is to share with others, notifications included. */
export async function checkDatabase({ values }: Examination): Promise<readonly Finding[]> {
  const cluster = clusterOptionsOf(values);
  if (cluster === undefined) return [];
  try {
    const { place, warnings } = await examineCluster(cluster);
    return [
      { check, status: "ok", message: `${place} answers, and delivers notifications.` },
      ...warnings.map(
        ({ event, remedy }): Finding => ({
          check,
          status: "warn",
          message: sayings[event] ?? event,
          remedy: `${remedy}.`,
        }),
      ),
    ];
  } catch (error) {
    return [{ check, status: "fail", message: error instanceof Error ? error.message : String(error) }];
  }
}

/** The warnings of a database, for people. */
const sayings: Readonly<Record<string, string>> = {
  "database-fsync-off": "fsync is off in the database.",
  "database-connections-low": "The database has few connections left.",
};
