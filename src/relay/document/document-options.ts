import type { Clock } from "../../lib/time/clock.ts";
import type { Log } from "../../ops/log.ts";
import type { Metrics } from "../../ops/metrics.ts";
import type { Store } from "../../storage/store.ts";
import type { Compactor } from "../compaction/compactor.ts";
import type { RelayLimits } from "../limits.ts";
import type { RoomEvents } from "../room-events.ts";
import type { DocumentMemory } from "./document-memory.ts";

/** The collaborators that all documents of a server share. */
export interface DocumentOptions {
  readonly store: Store;
  readonly compactor: Compactor;
  readonly memory: DocumentMemory;
  readonly events: Pick<RoomEvents, "happened">;
  /** Whether compactions keep the deleted content of the document with this name. */
  readonly keepsDeleted: (name: string) => boolean;
  /** Whether compactions add to the history of the document with this name. */
  readonly keepsHistory?: ((name: string) => boolean) | undefined;
  readonly clock: Clock;
  readonly limits: Pick<RelayLimits, "documentBytes">;
  readonly log: Log;
  readonly metrics: Metrics;
}
