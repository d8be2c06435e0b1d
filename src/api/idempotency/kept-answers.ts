import type { Clock } from "../../lib/time/clock.ts";
import type { BoundName } from "../../ops/metrics/bounds.ts";
import type { ApiLimits } from "../limits.ts";

/** An answer as it was sent, with the request that it answers. */
export interface KeptAnswer {
  /** A digest of the request. */
  readonly request: string;
  readonly status: number;
  readonly headers: Headers;
  readonly body: ArrayBuffer;
}

export interface KeptAnswersOptions {
  readonly clock: Pick<Clock, "elapsedMs">;
  readonly limits: Pick<ApiLimits, "apiKeptAnswers" | "apiKeptAnswersPerCaller" | "apiKeptAnswersBytes">;
  /** Counts the answers that are forgotten before their time. */
  readonly bounds: { met(bound: BoundName): void };
}

const keptMs = 24 * 3_600_000;

/** The memory of an answer beside its body: headers and digests. */
const overheadBytes = 1_024;

interface Entry {
  readonly answer: KeptAnswer;
  readonly caller: string;
  readonly keptAt: number;
}

/**
 * Answers by an id, in memory, for 24 hours. Beyond the bound of their number for a caller, its oldest one is forgotten;
 * beyond the bounds of their number and bytes in total, the oldest one of all.
 */
export class KeptAnswers {
  readonly #options: KeptAnswersOptions;
  /** In the order in which they were kept, which is that in which their time ends. */
  readonly #entries = new Map<string, Entry>();
  /** The ids of each caller, in the same order. */
  readonly #idsOf = new Map<string, Set<string>>();
  #bytes = 0;

  constructor(options: KeptAnswersOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#entries.size;
  }

  find(id: string): KeptAnswer | undefined {
    this.#forgetOld();
    return this.#entries.get(id)?.answer;
  }

  /** Keeps the answer of an id that has none. */
  keep(id: string, caller: string, answer: KeptAnswer): void {
    const { bounds, clock, limits } = this.#options;
    this.#forgetOld();
    this.#entries.set(id, { answer, caller, keptAt: clock.elapsedMs() });
    this.#bytes += bytesOf(answer);
    const own = this.#idsOf.get(caller) ?? new Set<string>();
    this.#idsOf.set(caller, own.add(id));
    while (own.size > limits.apiKeptAnswersPerCaller) {
      this.#forgetFirst(own);
      bounds.met("limits.api-kept-answers-per-caller");
    }
    while (this.#entries.size > limits.apiKeptAnswers) {
      this.#forgetFirst(this.#entries.keys());
      bounds.met("limits.api-kept-answers");
    }
    while (this.#bytes > limits.apiKeptAnswersBytes) {
      this.#forgetFirst(this.#entries.keys());
      bounds.met("limits.api-kept-answers-bytes");
    }
  }

  #forgetOld(): void {
    const now = this.#options.clock.elapsedMs();
    for (const [id, { keptAt }] of this.#entries) {
      if (now - keptAt < keptMs) return;
      this.#forget(id);
    }
  }

  #forgetFirst(ids: Iterable<string>): void {
    for (const id of ids) {
      this.#forget(id);
      return;
    }
  }

  #forget(id: string): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    this.#entries.delete(id);
    this.#bytes -= bytesOf(entry.answer);
    const own = this.#idsOf.get(entry.caller);
    own?.delete(id);
    if (own?.size === 0) this.#idsOf.delete(entry.caller);
  }
}

function bytesOf({ body }: KeptAnswer): number {
  return body.byteLength + overheadBytes;
}
