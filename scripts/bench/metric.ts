/** One number of a scenario. */
export interface Metric {
  readonly key: string;
  readonly label: string;
  readonly unit: string;
  readonly digits: number;
  readonly goal?: Goal;
}

export interface Goal {
  readonly atMost: number;
  /** What the bare server needs on a machine on which the goal is meant: elsewhere the ratio counts. */
  readonly whereBareNeeds?: number;
}

/** Who used how much of a core: when the load's share is near 100, the load was the bottleneck. */
export const shareMetrics: readonly Metric[] = [
  { key: "serverShare", label: "server", unit: "% core", digits: 0 },
  { key: "loadShare", label: "load", unit: "% core", digits: 0 },
];

export type Verdict = "met" | "met as a ratio to bare" | "missed";

/** `bare` is what the bare server needed in the same run. */
export function judge(goal: Goal, value: number, bare: number | undefined): Verdict {
  if (value <= goal.atMost) return "met";
  if (goal.whereBareNeeds === undefined || bare === undefined) return "missed";
  return value / bare <= goal.atMost / goal.whereBareNeeds ? "met as a ratio to bare" : "missed";
}
