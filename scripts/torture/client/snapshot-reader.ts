import * as Y from "yjs";
import type { Clocks } from "../../../test/support/bytes/y-doc-facts.ts";
import { eventually } from "../../../test/support/eventually.ts";
import type { Ledger } from "../ledger.ts";
import type { SyncProtocol } from "./sync-protocol.ts";

/** Reads the frames of a joiner without any client library. */
export class SnapshotReader {
  /** Resolves at SyncStep2. */
  readonly synced: Promise<void>;
  readonly #protocol: SyncProtocol;
  readonly #updates: Uint8Array[] = [];
  readonly #synced = Promise.withResolvers<void>();
  #bytes = 0;
  #receivedAt: number | undefined;
  #longestGapMs = 0;

  constructor(protocol: SyncProtocol) {
    this.#protocol = protocol;
    this.synced = this.#synced.promise;
  }

  /** The total size of all updates. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The longest time without a message: clients reconnect after 30 s. */
  get longestGapMs(): number {
    return this.#longestGapMs;
  }

  readonly received = (frame: Uint8Array): void => {
    const now = performance.now();
    this.#longestGapMs = Math.max(this.#longestGapMs, now - (this.#receivedAt ?? now));
    this.#receivedAt = now;
    const message = this.#protocol.decode(frame)?.message;
    if (message?.type !== "sync-step-2" && message?.type !== "update") return;
    this.#updates.push(message.update);
    this.#bytes += message.update.byteLength;
    if (message.type === "sync-step-2") this.#synced.resolve();
  };

  /** The clocks of a ledger, structs and deletes, that have not arrived. Waits at most `withinMs` for them. */
  async lacking(ledger: Ledger, withinMs: number): Promise<Clocks> {
    const doc = new Y.Doc();
    const missing = (): Clocks => {
      for (const update of this.#updates.splice(0)) Y.applyUpdate(doc, update);
      const { structs, deletes } = ledger.missingFrom(doc);
      return [...structs, ...deletes];
    };
    await eventually("the joiner has everything", () => missing().length === 0, withinMs).catch(() => {});
    return missing();
  }
}
