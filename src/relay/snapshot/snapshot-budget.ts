import type { CountedAddresses } from "../../lib/address/counted-addresses.ts";
import type { Clock } from "../../lib/time/clock.ts";
import type { Metrics } from "../../ops/metrics.ts";
import type { RelayLimits } from "../limits.ts";
import { HeldSnapshot } from "./held-snapshot.ts";
import { SnapshotQueue, type SnapshotRequest, type WaitingSnapshot } from "./snapshot-queue.ts";
import { type SnapshotLoad, SnapshotShare } from "./snapshot-share.ts";

export interface SnapshotBudgetOptions {
  readonly limits: Pick<
    RelayLimits,
    "snapshotsBytes" | "snapshotBurstBytes" | "snapshotAddressBytes" | "snapshotRoomBytes" | "snapshotConnectionBytes"
  >;
  readonly addresses: Pick<CountedAddresses, "keyOf">;
  /** Called when so many bytes have probably become garbage. */
  readonly dropped: (bytes: number) => void;
  readonly clock: Clock;
  readonly metrics: Metrics;
}

/** A snapshot that is not sent after this time is on a slow link. */
const slowMs = 500;
const checkMs = 250;
/** Collecting garbage is worth it for an update of this size. */
const largeBytes = 4 * 2 ** 20;
/** The oldest request that has waited this long has its bytes reserved. */
const reserveMs = 10_000;

/**
 * Bounds the bytes of snapshots that are being sent to clients at the same time, over all rooms: the pieces that are
 * copied for sockets, and the updates of which they are copied.
 *
 * Each snapshot counts against the whole budget (`limits.snapshotsBytes`) and against the shares of its address, its
 * room and its connection. A part of the budget (`limits.snapshotBurstBytes`) is reserved for small snapshots that
 * started less than `slowMs` ago: the others leave it free, and where they do not, those whose links take nothing or a
 * trickle are stopped (`HeldSnapshot.stoppable`), beginning with the address that holds most. A snapshot larger than a
 * limit is admitted when nothing else counts against that limit.
 *
 * A request that does not fit waits. Addresses take turns, and a request passes those of its address that do not fit.
 * None waits for ever: the bytes of the request that has waited longest are reserved after `reserveMs`, and snapshots
 * that have been sent for long are stopped for it.
 */
export class SnapshotBudget {
  readonly #options: SnapshotBudgetOptions;
  readonly #queue = new SnapshotQueue();
  readonly #held = new Set<HeldSnapshot>();
  readonly #all: SnapshotShare;
  /** The small snapshots that started less than `slowMs` ago. */
  readonly #fresh: SnapshotShare;
  readonly #addresses = new Map<string, SnapshotShare>();
  readonly #rooms = new Map<object, SnapshotShare>();
  readonly #connections = new Map<string, SnapshotShare>();
  #isStarting = false;
  #cancelCheck: (() => void) | undefined;

  constructor(options: SnapshotBudgetOptions) {
    const { limits, metrics } = options;
    this.#options = options;
    this.#all = new SnapshotShare(limits.snapshotsBytes);
    this.#fresh = new SnapshotShare(limits.snapshotBurstBytes);
    metrics.budgets.readFrom("snapshots", { used: () => this.#all.bytes, limit: () => limits.snapshotsBytes });
    metrics.waitingSnapshots.readFrom(() => this.#queue.size);
  }

  /** Calls `start` when a snapshot fits into the budget: synchronously if it does now. */
  admit(request: SnapshotRequest, start: (held: HeldSnapshot) => void): void {
    const address = this.#addressOf(request.connection);
    this.#queue.add({ ...request, address, since: this.#options.clock.elapsedMs(), start });
    this.#startNext();
    this.#checkLater();
  }

  /** Counts a snapshot that cannot wait. */
  hold(request: SnapshotRequest): HeldSnapshot {
    return this.#hold(request, []);
  }

  /** The clients of an address without a key count each for itself. */
  #addressOf({ id, remoteAddress }: SnapshotRequest["connection"]): string {
    return this.#options.addresses.keyOf(remoteAddress) ?? id;
  }

  /** The updates of a snapshot that is stopped become garbage, if nothing else holds them. */
  #dropped({ sources }: SnapshotLoad): void {
    for (const [source, bytes] of sources) {
      if (bytes >= largeBytes && !this.#all.has(source)) this.#options.dropped(bytes);
    }
  }

  #hold({ load, connection, room }: SnapshotRequest, passing: readonly SnapshotShare[]): HeldSnapshot {
    const { limits, clock } = this.#options;
    const address = this.#addressOf(connection);
    const shares = [
      this.#all,
      shareOf(this.#addresses, address, limits.snapshotAddressBytes),
      shareOf(this.#rooms, room, limits.snapshotRoomBytes),
      shareOf(this.#connections, connection.id, limits.snapshotConnectionBytes),
    ];
    const held = new HeldSnapshot({
      load,
      address,
      shares: [...shares, ...passing],
      clock,
      reduced: () => this.#startNext(),
      stopped: (before) => this.#dropped(before),
      released: () => {
        this.#held.delete(held);
        dropIfEmpty(this.#addresses, address);
        dropIfEmpty(this.#rooms, room);
        dropIfEmpty(this.#connections, connection.id);
        this.#startNext();
      },
    });
    this.#held.add(held);
    return held;
  }

  #startNext(): void {
    // A request that starts may release its snapshot at once.
    if (this.#isStarting) return;
    this.#isStarting = true;
    try {
      for (let next = this.#takeNext(); next !== undefined; next = this.#takeNext()) this.#start(next);
    } finally {
      // A request whose start throws must not keep the others waiting.
      this.#isStarting = false;
    }
  }

  #takeNext(): WaitingSnapshot | undefined {
    if (this.#queue.size === 0) return undefined;
    const reserved = this.#reservations();
    return this.#queue.take(
      (waiting) => this.#fullShare(waiting) === undefined && !this.#isReserved(waiting, reserved),
    );
  }

  /** For each share into which a request does not fit that has waited long: the request that has waited longest. */
  #reservations(): ReadonlyMap<SnapshotShare, WaitingSnapshot> {
    const reserved = new Map<SnapshotShare, WaitingSnapshot>();
    const before = this.#options.clock.elapsedMs() - reserveMs;
    for (const waiting of this.#queue.first) {
      const full = waiting.since <= before ? this.#fullShare(waiting) : undefined;
      if (full === undefined || full === this.#fresh) continue;
      const other = reserved.get(full);
      if (other === undefined || waiting.since < other.since) reserved.set(full, waiting);
    }
    return reserved;
  }

  /** Whether another request needs what this one would take. */
  #isReserved(waiting: WaitingSnapshot, reservations: ReadonlyMap<SnapshotShare, WaitingSnapshot>): boolean {
    if (reservations.size === 0) return false;
    return this.#sharesOf(waiting).some((share) => {
      const reserved = reservations.get(share);
      if (reserved === undefined || reserved === waiting) return false;
      const isLarge = share === this.#all && !this.#isSmall(reserved.load);
      const limit = isLarge ? this.#slowLimit : share.limitBytes;
      return share.bytes + share.addedBytes(waiting.load) + share.addedBytes(reserved.load) > limit;
    });
  }

  /** The share into which a request does not fit. */
  #fullShare(waiting: WaitingSnapshot): SnapshotShare | undefined {
    const { load } = waiting;
    // Those of its own first: a request that waits for them must not keep others from the rest.
    const full = this.#sharesOf(waiting).find((share) => !share.fits(load));
    if (full !== undefined) return full;
    if (this.#isSmall(load)) return this.#fresh.fits(load) ? undefined : this.#fresh;
    const bytes = this.#slowBytes + this.#all.addedBytes(load);
    return this.#slowBytes === 0 || bytes <= this.#slowLimit ? undefined : this.#all;
  }

  /** The shares that are in use and that a request would count against. */
  #sharesOf({ connection, room }: SnapshotRequest): readonly SnapshotShare[] {
    const address = this.#addresses.get(this.#addressOf(connection));
    const shares = [this.#connections.get(connection.id), address, this.#rooms.get(room), this.#all];
    return shares.filter((share) => share !== undefined);
  }

  #isSmall(load: SnapshotLoad): boolean {
    return this.#all.addedBytes(load) <= this.#fresh.limitBytes / 2;
  }

  get #slowBytes(): number {
    return this.#all.bytes - this.#fresh.bytes;
  }

  get #slowLimit(): number {
    return this.#all.limitBytes - this.#fresh.limitBytes;
  }

  #start(waiting: WaitingSnapshot): void {
    const isFresh = this.#isSmall(waiting.load);
    const held = this.#hold(waiting, isFresh ? [this.#fresh] : []);
    if (isFresh) {
      held.cancelAtRelease(
        this.#options.clock.after(slowMs, () => {
          held.leave(this.#fresh);
          this.#makeRoom();
          this.#startNext();
        }),
      );
    }
    waiting.start(held);
  }

  #checkLater(): void {
    if (this.#cancelCheck !== undefined || this.#queue.size === 0) return;
    this.#cancelCheck = this.#options.clock.after(checkMs, () => {
      this.#cancelCheck = undefined;
      this.#makeRoom();
      this.#startNext();
      this.#checkLater();
    });
  }

  /** Stops snapshots on slow links: those that use what is reserved, and those for which others wait. */
  #makeRoom(): void {
    let excess = this.#slowBytes - this.#slowLimit;
    for (const held of excess > 0 ? this.#victims(this.#all) : []) {
      const before = this.#all.bytes;
      held.stop();
      excess -= before - this.#all.bytes;
      if (excess <= 0) break;
    }
    for (const waiting of this.#queue.first) this.#makeRoomFor(waiting);
  }

  #makeRoomFor(waiting: WaitingSnapshot): void {
    const waitedMs = this.#options.clock.elapsedMs() - waiting.since;
    const full = waitedMs >= checkMs ? this.#fullShare(waiting) : undefined;
    if (full === undefined) return;
    for (const held of this.#victims(full, waitedMs >= reserveMs)) {
      held.stop();
      if (this.#fullShare(waiting) === undefined) break;
    }
  }

  /** The snapshots of a share that can be stopped, those first that should be. */
  #victims(share: SnapshotShare, isLongAwaited = false): readonly HeldSnapshot[] {
    const victims = [...this.#held].filter((held) => held.countsAgainst(share) && held.canStop(isLongAwaited));
    const addressBytes = (held: HeldSnapshot) => this.#addresses.get(held.address)?.bytes ?? 0;
    return victims.sort((a, b) => addressBytes(b) - addressBytes(a) || a.progressedAt - b.progressedAt);
  }
}

function shareOf<Key>(shares: Map<Key, SnapshotShare>, key: Key, limitBytes: number): SnapshotShare {
  let share = shares.get(key);
  if (share === undefined) {
    share = new SnapshotShare(limitBytes);
    shares.set(key, share);
  }
  return share;
}

function dropIfEmpty<Key>(shares: Map<Key, SnapshotShare>, key: Key): void {
  if (shares.get(key)?.isEmpty === true) shares.delete(key);
}
