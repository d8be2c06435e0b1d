import type { Values } from "../../../config/option.ts";
import type { ClusterOptions } from "../../server-options.ts";
import type { clusterOptions } from "./cluster-options.ts";

/** The database that a server shares with others; undefined for none. */
export function clusterOptionsOf(values: Values<typeof clusterOptions>): ClusterOptions | undefined {
  const { "cluster.url": url, "cluster.password": password, "cluster.ca-file": caFile } = values;
  return url && { url, password, caFile };
}
