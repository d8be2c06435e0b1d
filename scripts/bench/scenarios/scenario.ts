import type { Measurement } from "../measurement.ts";
import type { Metric } from "../metric.ts";
import type { Ability, RunningServer } from "../servers/server.ts";

export type Size = "full" | "quick";

/** Where a scenario gets its server from: each start has the same, at first empty, data folder. */
export interface Target {
  start(): Promise<RunningServer>;
  /** Whether documents are still there after a stop and another start. */
  readonly stores: boolean;
}

export interface Scenario {
  readonly name: string;
  /** What is done and what is counted. */
  readonly about: string;
  /** What a server must be able to do to take part. */
  readonly needs: Ability;
  /** In the order of the table's columns; the first one is compared with the peers'. */
  readonly metrics: readonly Metric[];
  /** Leaves no server of the target running, if it succeeds. */
  run(target: Target, size: Size): Promise<Measurement>;
}
