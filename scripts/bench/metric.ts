/** One number of a scenario. */
export interface Metric {
  readonly key: string;
  readonly label: string;
  readonly unit: string;
  readonly digits: number;
  readonly goal?: Goal;
}

export type Goal = FigureGoal | RatioToBare | RatioToServer;

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

/** The upper bound as a multiple of another server's figure in the same run. */
export interface RatioToServer {
  readonly times: number;
  /** The name of the other server. */
  readonly of: string;
}

/** The CPU share of server and load: when the load's share is near 100 %, the load was the bottleneck. */
export const shareMetrics: readonly Metric[] = [
  { key: "serverShare", label: "server", unit: "% core", digits: 0 },
  { key: "loadShare", label: "load", unit: "% core", digits: 0 },
];

export type Verdict = "met" | "met as a ratio to bare" | "missed" | `not judged without ${string}`;

/** The server whose figure in the same run is needed to judge a value. */
export function referenceOf(goal: Goal): string {
  return "of" in goal ? goal.of : "bare";
}

/** Judges a value against its goal; `reference` is the figure of the server that `referenceOf` names, in the same run. */
export function judge(goal: Goal, value: number, reference: number | undefined): Verdict {
  if (!("atMost" in goal)) {
    if (reference === undefined) return `not judged without ${referenceOf(goal)}`;
    return value / reference <= ("of" in goal ? goal.times : goal.timesBare) ? "met" : "missed";
  }
  if (value <= goal.atMost) return "met";
  if (goal.whereBareNeeds === undefined || reference === undefined) return "missed";
  return value / reference <= goal.atMost / goal.whereBareNeeds ? "met as a ratio to bare" : "missed";
}
