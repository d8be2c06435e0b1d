import { KeyedCounts } from "../../lib/collections/keyed-counts.ts";
import type { BoundName } from "../../ops/metrics/bounds.ts";
import { Problem, type ProblemCode } from "../problems.ts";

/** The bounds of `Slots`; read for each request. */
export interface SlotsOptions {
  /** The work that takes the slots, in the plural: `event streams`. */
  readonly work: string;
  readonly inAll: SlotBound;
  readonly perCaller: SlotBound;
}

export interface SlotBound {
  readonly limit: () => number;
  readonly bound: BoundName;
}

/** The time after which a caller without a slot may try again. */
const retryAfter = "5";

/**
 * Slots for concurrent work: a total number, and a share for each caller, so that a slow or greedy caller leaves slots
 * to the others.
 */
export class Slots {
  readonly #options: SlotsOptions;
  readonly #byCaller = new KeyedCounts();
  #taken = 0;

  constructor(options: SlotsOptions) {
    this.#options = options;
  }

  /** The number of slots that are taken. */
  get taken(): number {
    return this.#taken;
  }

  /**
   * Takes a slot, and returns an idempotent function that releases it. `counted` is the key of the caller; undefined for a
   * caller without a share of its own. Throws `Problem`: rate-limited beyond the share, overloaded beyond the total.
   */
  take(counted: string | undefined): () => void {
    const { inAll, perCaller, work } = this.#options;
    if (counted !== undefined && this.#byCaller.of(counted) >= perCaller.limit())
      throw refusal("rate-limited", perCaller.bound, `You have too many ${work} at once`);
    if (this.#taken >= inAll.limit())
      throw refusal("overloaded", inAll.bound, `The server has too many ${work} at once`);
    this.#taken += 1;
    if (counted !== undefined) this.#byCaller.add(counted, 1);
    let isTaken = true;
    return () => {
      if (!isTaken) return;
      isTaken = false;
      this.#taken -= 1;
      if (counted !== undefined) this.#byCaller.add(counted, -1);
    };
  }

  /** Runs a task in a slot. Rejects as `take` throws, or as the task. */
  async run<T>(counted: string | undefined, task: () => Promise<T>): Promise<T> {
    const give = this.take(counted);
    try {
      return await task();
    } finally {
      give();
    }
  }
}

function refusal(code: Extract<ProblemCode, "rate-limited" | "overloaded">, bound: BoundName, reason: string): Problem {
  const headers = { "retry-after": retryAfter };
  return new Problem(code, `${reason} (${bound}). Try again when one has ended.`, { headers, bound });
}
