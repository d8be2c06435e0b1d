import type { Clock } from "../../lib/time/clock.ts";
import type { SnapshotLoad, SnapshotShare } from "./snapshot-share.ts";

/** The sender of a snapshot, which can be made to hold less. */
export interface SnapshotSender {
  /** Releases everything that the link has not to take any more, by `replace`; the rest is sent later. */
  stop(): void;
  /** Closes the connection: its link takes too little, and others wait. */
  close(): void;
}

interface HeldSnapshotOptions {
  readonly load: SnapshotLoad;
  readonly address: string;
  readonly shares: readonly SnapshotShare[];
  readonly clock: Clock;
  /** Called when the snapshot holds less than before. */
  readonly reduced: () => void;
  /** Called when the snapshot was stopped, with its load before. */
  readonly stopped: (before: SnapshotLoad) => void;
  readonly released: () => void;
}

/** A link that takes no piece in this time, 64 kB/s by default, takes a trickle: its snapshot can be stopped. */
const trickleMs = 4_000;
/** A snapshot is not stopped before it has been held for this time: beginning with a large one takes work. */
const stoppableMs = 10_000;
/** A link that takes no piece in this time has its connection closed, if a stopped snapshot is still in the way. */
const stalledMs = 20_000;
/** A snapshot that has been held this long can be stopped for one that has waited long. */
const longMs = 30_000;

/** The part of the snapshot budget that one snapshot holds. */
export class HeldSnapshot {
  readonly address: string;
  readonly #options: HeldSnapshotOptions;
  readonly #shares: Set<SnapshotShare>;
  readonly #heldAt: number;
  #load: SnapshotLoad;
  #progressedAt: number;
  #sender: SnapshotSender | undefined;
  #isStopped = false;
  #isReleased = false;
  #cancel: (() => void) | undefined;

  constructor(options: HeldSnapshotOptions) {
    this.#options = options;
    this.address = options.address;
    this.#load = options.load;
    this.#shares = new Set(options.shares);
    this.#heldAt = options.clock.elapsedMs();
    this.#progressedAt = this.#heldAt;
    for (const share of this.#shares) share.add(this.#load);
  }

  /** The last time when the link had taken a piece. */
  get progressedAt(): number {
    return this.#progressedAt;
  }

  /** From now on the snapshot can be stopped. */
  stoppable(sender: SnapshotSender): void {
    this.#sender = sender;
  }

  progressed(): void {
    this.#progressedAt = this.#options.clock.elapsedMs();
  }

  /** Holds this from now on; it may be more than fits. */
  replace(load: SnapshotLoad): void {
    if (this.#isReleased) return;
    // Added first: a source that both have stays counted.
    for (const share of this.#shares) {
      share.add(load);
      share.remove(this.#load);
    }
    const before = this.#load;
    this.#load = load;
    this.#isStopped = false;
    if (load.sources.size < before.sources.size) this.#options.reduced();
  }

  /** Returns everything to the budget. Idempotent. */
  release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#cancel?.();
    for (const share of this.#shares) share.remove(this.#load);
    this.#options.released();
  }

  countsAgainst(share: SnapshotShare): boolean {
    return this.#shares.has(share);
  }

  leave(share: SnapshotShare): void {
    if (this.#shares.delete(share)) share.remove(this.#load);
  }

  /** `cancel` is called when the snapshot is released. */
  cancelAtRelease(cancel: () => void): void {
    this.#cancel = cancel;
  }

  /** Whether `stop` may be called. `isLongAwaited`: a request has waited for long. */
  canStop(isLongAwaited: boolean): boolean {
    if (this.#sender === undefined) return false;
    const now = this.#options.clock.elapsedMs();
    const idleMs = now - this.#progressedAt;
    if (this.#isStopped) return idleMs >= stalledMs;
    const heldMs = now - this.#heldAt;
    return heldMs >= stoppableMs && (idleMs >= trickleMs || (isLongAwaited && heldMs >= longMs));
  }

  /** Makes the snapshot hold only what its link has to take, or closes its connection if it holds nothing else. */
  stop(): void {
    if (this.#isReleased) return;
    if (this.#isStopped) this.#sender?.close();
    else {
      const before = this.#load;
      this.#sender?.stop();
      this.#isStopped = true;
      if (this.#load !== before) this.#options.stopped(before);
    }
  }
}
