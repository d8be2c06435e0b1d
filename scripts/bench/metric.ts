/** One number of a scenario. */
export interface Metric {
  readonly key: string;
  readonly label: string;
  readonly unit: string;
  readonly digits: number;
  readonly goal?: Goal;
}

export type Goal = FigureGoal | RatioToBare;

export interface FigureGoal {
  readonly atMost: number;
  /**
   * The figure of the bare server on the machine for which the goal is meant. On other machines the goal is scaled by
   * the ratio.
   */
  readonly whereBareNeeds?: number;
}

/** The upper bound as a multiple of the bare server's figure in the same run. */
export interface RatioToBare {
  readonly timesBare: number;
}

/** The CPU share of server and load: when the load's share is near 100 %, the load was the bottleneck. */
export const shareMetrics: readonly Metric[] = [
  { key: "serverShare", label: "server", unit: "% core", digits: 0 },
  { key: "loadShare", label: "load", unit: "% core", digits: 0 },
];

export type Verdict = "met" | "met as a ratio to bare" | "missed" | "not judged without bare";

/** Judges a value against its goal; `bare` is the bare server's figure in the same run. */
export function judge(goal: Goal, value: number, bare: number | undefined): Verdict {
  if ("timesBare" in goal) {
    if (bare === undefined) return "not judged without bare";
    return value / bare <= goal.timesBare ? "met" : "missed";
  }
  if (value <= goal.atMost) return "met";
  if (goal.whereBareNeeds === undefined || bare === undefined) return "missed";
  return value / bare <= goal.atMost / goal.whereBareNeeds ? "met as a ratio to bare" : "missed";
}
