import type { Clock } from "../lib/time/clock.ts";
import { PacedTask } from "../lib/time/paced-task.ts";
import { type AwarenessEntry, encodeAwareness } from "./sync-codec.ts";

export interface AwarenessBroadcastOptions {
  readonly clock: Clock;
  /** Returns the latest entry of a client; undefined when it is forgotten. */
  readonly entryOf: (clientId: number) => AwarenessEntry | undefined;
  readonly broadcast: (body: Uint8Array) => void;
}

const intervalMs = 30;

/**
 * Broadcasts the changes of a room's awareness: the first one immediately, later ones at most every 30 ms, with the
 * latest state per client.
 */
export class AwarenessBroadcast {
  readonly #options: AwarenessBroadcastOptions;
  readonly #changed = new Set<number>();
  readonly #task: PacedTask;

  constructor(options: AwarenessBroadcastOptions) {
    this.#options = options;
    this.#task = new PacedTask({ task: () => this.#send(), intervalMs, clock: options.clock });
  }

  /** Reports a change, to be broadcast after the next `flush`. */
  changed(clientId: number): void {
    this.#changed.add(clientId);
  }

  /** Broadcasts the changes now, or as soon as the interval has passed. */
  flush(): void {
    if (this.#changed.size > 0) this.#task.request();
  }

  clear(): void {
    this.#changed.clear();
    this.#task.cancel();
  }

  #send(): void {
    const entries: AwarenessEntry[] = [];
    for (const clientId of this.#changed) {
      const entry = this.#options.entryOf(clientId);
      if (entry !== undefined) entries.push(entry);
    }
    this.#changed.clear();
    this.#options.broadcast(encodeAwareness(entries));
  }
}
