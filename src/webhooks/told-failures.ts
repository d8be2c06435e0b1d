import { ExpiringCache } from "../lib/expiring-cache.ts";
import type { Clock } from "../lib/time/clock.ts";
import type { RoomEvent } from "../relay/room-events.ts";

/** A failure in a room is told once in this time. */
const failureEveryMs = 60_000;
const rememberedFailures = 1_000;

/** The failures in rooms that were told lately: they may come with every update. */
export class ToldFailures {
  readonly #told: ExpiringCache<true>;

  constructor(clock: Clock) {
    this.#told = new ExpiringCache(rememberedFailures, clock);
  }

  /** Whether an event is no failure, or one that was not told lately. Then it counts as told. */
  takes({ document, type }: RoomEvent): boolean {
    if (type !== "compaction.failed" && type !== "quota.exceeded") return true;
    const key = `${type} ${document}`;
    if (this.#told.get(key) === true) return false;
    this.#told.set(key, true, failureEveryMs);
    return true;
  }
}
