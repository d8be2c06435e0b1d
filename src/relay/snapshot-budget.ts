import type { Clock } from "../lib/time/clock.ts";
import type { Metrics } from "../ops/metrics.ts";
import type { RelayLimits } from "./limits.ts";

/** Returns the bytes to the budget. Idempotent. */
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

/** A snapshot that is not sent after this time is on a slow link. */
const slowMs = 500;

/**
 * Bounds the bytes of large frames that are being sent to clients at the same time, over all rooms. Each frame is
 * copied for its socket, and stays in memory until the client has read it.
 *
 * Snapshots are admitted in the order of the requests. Those that started less than `slowMs` ago share a small part of
 * the budget (`limits.snapshotBurstBytes`), so that many simultaneous joins cost no more memory than a few. Older ones,
 * on slow links, count only against the whole budget (`limits.snapshotsBytes`), and hold up others only when that is in
 * use. A snapshot larger than a limit is admitted when nothing else counts against that limit.
 */
export class SnapshotBudget {
  readonly #options: SnapshotBudgetOptions;
  readonly #waiting: WaitingSnapshot[] = [];
  #bytes = 0;
  /** The bytes of the snapshots that started less than `slowMs` ago. */
  #freshBytes = 0;

  constructor(options: SnapshotBudgetOptions) {
    this.#options = options;
    options.metrics.snapshotBytes.readFrom(() => this.#bytes);
    options.metrics.waitingSnapshots.readFrom(() => this.#waiting.length);
  }

  /** Calls `start` when `bytes` fit into the budget: synchronously if they do now. */
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
