import type { Clock } from "../../src/lib/time/clock.ts";
import type { Store } from "../../src/storage/store.ts";

/** Where a store keeps its documents: a file, or a database. */
export interface StoreMedium<Opened extends Store = Store> {
  /** Opens a store, which has all documents of those that were closed before. */
  open(clock: Clock): Opened | Promise<Opened>;
  /** Called when all stores are closed. */
  remove(): void | Promise<void>;
}
