import type { Clock } from "../../lib/time/clock.ts";
import type { Metrics } from "../../ops/metrics.ts";
import type { RelayLimits } from "../limits.ts";

/** Returns the bytes to the budget. Idempotent. */
export type Release = () => void;

/** The memory that a snapshot takes while it is being sent to one client. */
export interface SnapshotLoad {
  /** The object whose bytes the snapshot keeps in memory. They count once for all snapshots of the same object. */
  readonly source: object;
  readonly sourceBytes: number;
  /** The bytes that are copied for this client's socket at a time. */
  readonly ownBytes: number;
}

export interface SnapshotBudgetOptions {
  readonly limits: Pick<RelayLimits, "snapshotsBytes" | "snapshotBurstBytes">;
  readonly clock: Clock;
  readonly metrics: Metrics;
}

interface WaitingSnapshot {
  readonly load: SnapshotLoad;
  readonly start: (release: Release) => void;
}

interface Source {
  readonly bytes: number;
  snapshots: number;
}

/** A snapshot that is not sent after this time is on a slow link. */
const slowMs = 500;

/**
 * Bounds the bytes of snapshots that are being sent to clients at the same time, over all rooms: the pieces that are
 * copied for sockets, and the updates of which they are copied.
 *
 * Snapshots are admitted in the order of the requests. Those that started less than `slowMs` ago share a small part of
 * the budget (`limits.snapshotBurstBytes`), so that many simultaneous joins cost no more memory than a few. Older ones,
 * on slow links, count only against the whole budget (`limits.snapshotsBytes`), and hold up others only when that is in
 * use. A snapshot larger than a limit is admitted when nothing else counts against that limit.
 */
export class SnapshotBudget {
  readonly #options: SnapshotBudgetOptions;
  readonly #waiting: WaitingSnapshot[] = [];
  readonly #sources = new Map<object, Source>();
  #bytes = 0;
  /** The bytes of the snapshots that started less than `slowMs` ago. */
  #freshBytes = 0;

  constructor(options: SnapshotBudgetOptions) {
    this.#options = options;
    options.metrics.snapshotBytes.readFrom(() => this.#bytes);
    options.metrics.waitingSnapshots.readFrom(() => this.#waiting.length);
  }

  /** Calls `start` when a snapshot fits into the budget: synchronously if it does now. */
  admit(load: SnapshotLoad, start: (release: Release) => void): void {
    this.#waiting.push({ load, start });
    this.#startNext();
  }

  /** Counts a snapshot that cannot wait, or that another admission has let in. */
  hold(load: SnapshotLoad): Release {
    this.#count(load);
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#uncount(load);
      this.#startNext();
    };
  }

  #startNext(): void {
    for (let next = this.#waiting[0]; next !== undefined && this.#fits(next.load); next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#start(next);
    }
  }

  #fits(load: SnapshotLoad): boolean {
    const { snapshotBurstBytes, snapshotsBytes } = this.#options.limits;
    const bytes = this.#addedBytes(load);
    const fits = (used: number, limit: number) => used === 0 || used + bytes <= limit;
    return fits(this.#freshBytes, snapshotBurstBytes) && fits(this.#bytes, snapshotsBytes);
  }

  #start({ load, start }: WaitingSnapshot): void {
    const bytes = this.#addedBytes(load);
    const release = this.hold(load);
    let isFresh = true;
    this.#freshBytes += bytes;
    const age = () => {
      if (isFresh) this.#freshBytes -= bytes;
      isFresh = false;
    };
    const cancelAging = this.#options.clock.after(slowMs, () => {
      age();
      this.#startNext();
    });
    start(() => {
      cancelAging();
      age();
      release();
    });
  }

  #addedBytes({ source, sourceBytes, ownBytes }: SnapshotLoad): number {
    return ownBytes + (this.#sources.has(source) ? 0 : sourceBytes);
  }

  #count(load: SnapshotLoad): void {
    this.#bytes += this.#addedBytes(load);
    const source = this.#sources.get(load.source);
    if (source === undefined) this.#sources.set(load.source, { bytes: load.sourceBytes, snapshots: 1 });
    else source.snapshots += 1;
  }

  #uncount(load: SnapshotLoad): void {
    this.#bytes -= load.ownBytes;
    const source = this.#sources.get(load.source);
    if (source === undefined) return;
    source.snapshots -= 1;
    if (source.snapshots > 0) return;
    this.#sources.delete(load.source);
    this.#bytes -= source.bytes;
  }
}
