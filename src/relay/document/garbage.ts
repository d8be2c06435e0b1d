import type { Clock } from "../../lib/time/clock.ts";
import { IdleTask } from "../../lib/time/idle-task.ts";

export interface GarbageOptions {
  readonly clock: Clock;
  /** Collects garbage. A full collection stops the process for some milliseconds; the other runs beside its work. */
  readonly collect: (isFull: boolean) => void;
}

/** So many bytes are worth a collection. */
const worthCollectingBytes = 8 * 2 ** 20;
/** An estimate of the bytes of a room and its members, without the document. */
const roomBytes = 10_000;
/** A full collection waits until nothing was dropped for this time. */
const quietMs = 1_000;

/**
 * Collects the garbage of dropped documents: the runtime does that while it allocates, and a server that has become
 * quiet would keep what it no longer needs.
 *
 * Only a full collection returns memory to the system.
 */
export class Garbage {
  readonly #collect: GarbageOptions["collect"];
  readonly #whenQuiet: IdleTask;
  /** Dropped since the last collection. */
  #bytes = 0;
  /** Dropped since the last full collection. */
  #keptBytes = 0;

  constructor({ clock, collect }: GarbageOptions) {
    this.#collect = collect;
    this.#whenQuiet = new IdleTask({
      task: () => this.#collectAll(),
      isIdle: () => true,
      delayMs: quietMs,
      clock,
    });
  }

  /** Reports that so many bytes have become garbage. */
  dropped(bytes: number): void {
    this.#bytes += bytes;
    this.#keptBytes += bytes;
    if (this.#bytes >= worthCollectingBytes) {
      this.#bytes = 0;
      this.#collect(false);
    }
    if (this.#keptBytes >= worthCollectingBytes) this.#whenQuiet.restart();
  }

  /** Reports that a room has closed. The last one is worth a collection: nobody is there to notice it. */
  roomClosed(roomsLeft: number): void {
    this.dropped(roomsLeft === 0 ? worthCollectingBytes : roomBytes);
  }

  close(): void {
    this.#whenQuiet.close();
  }

  #collectAll(): void {
    this.#bytes = 0;
    this.#keptBytes = 0;
    this.#collect(true);
  }
}
