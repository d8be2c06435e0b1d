import type { ClientMessage } from "./codec.ts";

/**
 * The acknowledgements that a denied provider waits for, and its last awareness.
 *
 * A provider counts 1 for each start of a sync, and 1 for each update after that. When it joins, its SyncStep2 contains
 * all of these changes, and then the whole count is acknowledged.
 */
export class PendingAcknowledgements {
  #acknowledgements: number;
  #awaitsSync: boolean;
  #awareness: Uint8Array | undefined;

  /** `acknowledgements`: the pending ones of an earlier membership; undefined if there was none. */
  constructor(acknowledgements?: number) {
    this.#acknowledgements = acknowledgements ?? 0;
    this.#awaitsSync = acknowledgements !== undefined;
  }

  /** Whether the provider has started a sync that is not answered. */
  get awaitsSync(): boolean {
    return this.#awaitsSync;
  }

  get acknowledgements(): number {
    return this.#acknowledgements;
  }

  /** The last awareness update that the provider has sent. */
  get awareness(): Uint8Array | undefined {
    return this.#awareness;
  }

  add(message: ClientMessage): void {
    if (message.type === "awareness") this.#awareness = message.body;
    if (message.type !== "sync-step-1" && message.type !== "update") return;
    this.#acknowledgements = message.type === "update" ? this.#acknowledgements + 1 : 1;
    this.#awaitsSync = true;
  }
}
