import type { Clock } from "../../lib/time/clock.ts";
import { PacedTask, type PacedTaskOptions } from "../../lib/time/paced-task.ts";
import type { RelayLimits } from "../limits.ts";
import type { AwarenessEntry } from "./awareness-codec.ts";

export interface AwarenessBroadcastOptions {
  readonly clock: Clock;
  readonly limits: Pick<RelayLimits, "awarenessBroadcastLength">;
}

export interface BroadcastOwner<Entry extends AwarenessEntry> {
  /** The number of receivers of a broadcast. */
  readonly memberCount: number;
  /** Returns the latest entry of a client; undefined when there is none to be broadcast. */
  clientOf(clientId: number): Entry | undefined;
  broadcast(entries: readonly Entry[]): void;
}

const leastIntervalMs = 30;
/** A broadcast takes some time for each receiver, whatever its length. For up to 200 receivers the interval is the least. */
const intervalMsPerReceiver = 0.15;
/** The length of one broadcast for all receivers together. For up to 128 receivers it is not less than the limit. */
const lengthForAll = 2 ** 24;
/** An entry counts as so many characters beside its state: its id, its clock, and the work for it. */
const entryLength = 16;

/**
 * Broadcasts the changes of a room's awareness: the first one immediately, later ones at most every 30 ms, in rooms of
 * many members less often, with the latest state per client.
 *
 * The length of a broadcast is bounded as well, and so the work per second. The clients that find no place come first in
 * the next one; one that changes meanwhile keeps its turn.
 */
export class AwarenessBroadcast<Entry extends AwarenessEntry> implements PacedTaskOptions {
  readonly #options: AwarenessBroadcastOptions;
  readonly #changed = new Set<number>();
  readonly #owner: BroadcastOwner<Entry>;
  readonly #task = new PacedTask(this);

  constructor(options: AwarenessBroadcastOptions, owner: BroadcastOwner<Entry>) {
    this.#options = options;
    this.#owner = owner;
  }

  get clock(): Clock {
    return this.#options.clock;
  }

  get intervalMs(): number {
    return Math.max(leastIntervalMs, this.#owner.memberCount * intervalMsPerReceiver);
  }

  /** Reports a change, to be broadcast after the next `flush`. */
  changed(clientId: number): void {
    this.#changed.add(clientId);
  }

  /** A client is forgotten: its change is not broadcast any more. */
  forget(clientId: number): void {
    this.#changed.delete(clientId);
  }

  /** Broadcasts the changes now, or as soon as the interval has passed. */
  flush(): void {
    if (this.#changed.size > 0) this.#task.request();
  }

  clear(): void {
    this.#changed.clear();
    this.#task.cancel();
  }

  /** Broadcasts what one broadcast has a place for. Called by its `PacedTask`. */
  task(): void {
    const entries = this.#take();
    if (entries.length > 0) this.#owner.broadcast(entries);
    this.flush();
  }

  /** Takes the entries that find a place in one broadcast: at least one. */
  #take(): readonly Entry[] {
    const { limits } = this.#options;
    const entries: Entry[] = [];
    let left = Math.min(limits.awarenessBroadcastLength, lengthForAll / Math.max(1, this.#owner.memberCount));
    for (const clientId of this.#changed) {
      const entry = this.#owner.clientOf(clientId);
      left -= entryLength + (entry?.state?.length ?? 0);
      if (left < 0 && entries.length > 0) break;
      this.#changed.delete(clientId);
      if (entry !== undefined) entries.push(entry);
    }
    return entries;
  }
}
