import type { Clock } from "../lib/time/clock.ts";
import { TokenBucket } from "../lib/token-bucket.ts";
import type { Log } from "./log.ts";

/** The fields of a line. `event` is a constant name, and so is `reason` unless a method is given another `kind`. */
export interface LimitedLine {
  readonly event: string;
  readonly reason?: string;
  readonly [field: string]: unknown;
}

/** The rate of the lines of one event and kind. */
export interface LineRate {
  /** Lines that are written at once. */
  readonly burst: number;
  readonly perSecond: number;
}

const usualRate: LineRate = { burst: 20, perSecond: 1 };

interface LineBudget {
  readonly bucket: TokenBucket;
  omitted: number;
}

/**
 * A log for events that clients can cause as often as they like.
 *
 * Beyond a rate, lines of the same event and kind are omitted; `omitted` of the next line that is written is their
 * number. Kinds are constant names, by default the reasons: each has a budget that is never removed.
 */
export class LimitedLog {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #rate: LineRate;
  readonly #budgets = new Map<string, LineBudget>();

  constructor(log: Log, clock: Clock, rate: LineRate = usualRate) {
    this.#log = log;
    this.#clock = clock;
    this.#rate = rate;
  }

  info(line: LimitedLine, kind = line.reason): void {
    const omitted = this.#spend(line.event, kind);
    if (omitted !== undefined) this.#log.info({ ...line, ...omitted });
  }

  warn(line: LimitedLine, kind = line.reason): void {
    const omitted = this.#spend(line.event, kind);
    if (omitted !== undefined) this.#log.warn({ ...line, ...omitted });
  }

  error(line: LimitedLine, kind = line.reason): void {
    const omitted = this.#spend(line.event, kind);
    if (omitted !== undefined) this.#log.error({ ...line, ...omitted });
  }

  /** The fields to add to the line; undefined if the line is to be omitted. */
  #spend(event: string, kind = ""): { readonly omitted?: number } | undefined {
    const budget = this.#budgetOf(`${event} ${kind}`);
    if (!budget.bucket.take()) {
      budget.omitted += 1;
      return undefined;
    }
    const { omitted } = budget;
    budget.omitted = 0;
    return omitted === 0 ? {} : { omitted };
  }

  #budgetOf(key: string): LineBudget {
    const known = this.#budgets.get(key);
    if (known !== undefined) return known;
    const bucket = new TokenBucket({ ...this.#rate, clock: this.#clock });
    const budget = { bucket, omitted: 0 };
    this.#budgets.set(key, budget);
    return budget;
  }
}
