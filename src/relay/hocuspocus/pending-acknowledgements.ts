import type { ClientMessage } from "./codec.ts";

/**
 * What a provider that may not enter yet has said, and is still waiting to be answered.
 *
 * A provider counts 1 for each start of a sync, and 1 for each update since. All that it brought is in the SyncStep2 with
 * which it answers once it may enter; then the whole count is due.
 */
export class PendingAcknowledgements {
  #acknowledgements: number;
  #awaitsSync: boolean;
  #awareness: Uint8Array | undefined;

  /** `acknowledgements`: of what was taken from it before it had to leave. */
  constructor(acknowledgements?: number) {
    this.#acknowledgements = acknowledgements ?? 0;
    this.#awaitsSync = acknowledgements !== undefined;
  }

  /** Whether it waits for a sync. */
  get awaitsSync(): boolean {
    return this.#awaitsSync;
  }

  get acknowledgements(): number {
    return this.#acknowledgements;
  }

  /** The last that it said of who is present. */
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
