import type { Clock } from "../lib/time/clock.ts";
import type { Metrics } from "../ops/metrics.ts";
import type { RelayLimits } from "./limits.ts";

/** Gives the bytes back; idempotent. */
export type Release = () => void;

export interface SnapshotBudgetOptions {
  readonly limits: Pick<RelayLimits, "snapshotsBytes" | "snapshotBurstBytes">;
  readonly clock: Clock;
  readonly metrics: Metrics;
}

interface WaitingSnapshot {
  readonly bytes: number;
  readonly start: (release: Release) => void;
}

/** A snapshot that is not gone by then is on a slow link. */
const slowMs = 500;

/**
 * The bytes of large frames that may be on their way to clients at once, over all rooms: each is copied for its socket
 * as long as the client has not read it.
 *
 * First come, first served. Those that are gone in a moment share a small part of the budget, so that many who ask at
 * once cost no more than a few; who is slow does not keep them waiting until the whole budget is in use. What is larger
 * than its part goes alone.
 */
export class SnapshotBudget {
  readonly #options: SnapshotBudgetOptions;
  readonly #waiting: WaitingSnapshot[] = [];
  #bytes = 0;
  /** Of those that started a moment ago. */
  #freshBytes = 0;

  constructor(options: SnapshotBudgetOptions) {
    this.#options = options;
    options.metrics.snapshotBytes.readFrom(() => this.#bytes);
    options.metrics.waitingSnapshots.readFrom(() => this.#waiting.length);
  }

  /** Calls `start` when there is room for `bytes`, at once if there is. */
  admit(bytes: number, start: (release: Release) => void): void {
    this.#waiting.push({ bytes, start });
    this.#startNext();
  }

  #startNext(): void {
    for (let next = this.#waiting[0]; next !== undefined && this.#fits(next.bytes); next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#start(next);
    }
  }

  #fits(bytes: number): boolean {
    const { snapshotBurstBytes, snapshotsBytes } = this.#options.limits;
    const fits = (used: number, limit: number) => used === 0 || used + bytes <= limit;
    return fits(this.#freshBytes, snapshotBurstBytes) && fits(this.#bytes, snapshotsBytes);
  }

  #start({ bytes, start }: WaitingSnapshot): void {
    let isFresh = true;
    let isHeld = true;
    this.#freshBytes += bytes;
    this.#bytes += bytes;
    const age = () => {
      if (isFresh) this.#freshBytes -= bytes;
      isFresh = false;
    };
    const cancelAging = this.#options.clock.after(slowMs, () => {
      age();
      this.#startNext();
    });
    start(() => {
      if (!isHeld) return;
      isHeld = false;
      cancelAging();
      age();
      this.#bytes -= bytes;
      this.#startNext();
    });
  }
}
