import type { Counts } from "./counts.ts";
import type { Instruments } from "./instruments.ts";
import { boundNames } from "./label-values.ts";

export type BoundName = (typeof boundNames)[number];

/** Counts how often clients have met each bound: they were refused, closed, or delayed, or a message was dropped. */
export class Bounds {
  readonly #hits: Counts<"bound">;

  constructor(instruments: Instruments) {
    const help = "Times that clients met a bound, by the option that sets it";
    this.#hits = instruments.counts("bound_hits_total", help, { bound: boundNames });
  }

  met(bound: BoundName, count = 1): void {
    this.#hits.inc({ bound }, count);
  }

  /** As `met`, for a detail of the log: it begins with the name of the bound's option, if a bound is the reason. */
  detailed(detail: string): void {
    const [bound] = /^limits\.[a-z-]+/.exec(detail) ?? [];
    if (bound !== undefined) this.#hits.inc({ bound });
  }

  /** The bounds that were met since the start, and how often. */
  hits(): { readonly bound: string; readonly count: number }[] {
    return this.#hits.counted().map(({ labels: { bound }, value: count }) => ({ bound, count }));
  }

  /** As `Counts.get`. */
  get(): ReturnType<Counts<"bound">["get"]> {
    return this.#hits.get();
  }
}
