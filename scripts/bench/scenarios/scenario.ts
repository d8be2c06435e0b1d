import type { NodeProgram } from "../cluster/nodes/node-program.ts";
import type { NodeLoad } from "../cluster/nodes/node-traffic.ts";
import type { Measurement } from "../measurement.ts";
import type { Metric } from "../metric.ts";
import type { Ability, RunningCluster, RunningServer } from "../servers/server.ts";

export type Size = "full" | "quick";

/** The scenario's access to its server. Every start has the same data folder, which is empty at first. */
export interface Target {
  start(): Promise<RunningServer>;
  /** Starts a number of servers that share their documents. */
  startCluster(nodes: number): Promise<RunningCluster>;
  /** Starts the rooms of such servers without their ports, with their members. */
  startNodes(load: Omit<NodeLoad, "node">): Promise<RunningCluster<NodeProgram>>;
  readonly dataFolder: string;
  /** True if documents survive a stop and another start. */
  readonly stores: boolean;
}

export interface Scenario {
  readonly name: string;
  /** The work and the count of the scenario, in one sentence. */
  readonly about: string;
  /** The ability that a server needs to take part, or all of them. */
  readonly needs: Ability | readonly Ability[];
  /** The metrics in the order of the table's columns. The first one is compared with other servers. */
  readonly metrics: readonly Metric[];
  /** Runs the scenario. When it succeeds, no server of the target is left running. */
  run(target: Target, size: Size): Promise<Measurement>;
}
