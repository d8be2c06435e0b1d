import * as Y from "yjs";
import { eventually } from "../../test/support/eventually.ts";
import { SyncClient, within } from "./client/sync-client.ts";
import type { SyncServer } from "./client/sync-server.ts";

const limitMs = 60_000;
const fromServer = Symbol("from the server");

/** A client with a copy of a document, which sends what is edited in it and says when that is acknowledged. */
export class Copy {
  readonly doc = new Y.Doc();
  readonly text = this.doc.getText();
  readonly #client: SyncClient;
  readonly #synced = Promise.withResolvers<void>();
  #received = 0;

  private constructor(server: SyncServer, document: string) {
    this.#client = new SyncClient(server, document, {
      updated: (update, kind) => {
        if (kind === "update") this.#received += 1;
        Y.applyUpdate(this.doc, update, fromServer);
        if (kind === "sync-step-2") this.#synced.resolve();
      },
    });
    this.doc.on("update", (update: Uint8Array, origin: unknown) => {
      if (origin !== fromServer) this.#client.send({ type: "update", update });
    });
  }

  /** Resolves when it has synced. */
  static async open(server: SyncServer, document: string): Promise<Copy> {
    const copy = new Copy(server, document);
    await within(limitMs, "open", copy.#client.opened);
    copy.#client.send({ type: "sync-step-1", stateVector: Y.encodeStateVector(copy.doc) });
    await within(limitMs, "synced", copy.#synced.promise);
    return copy;
  }

  get isOpen(): boolean {
    return this.#client.isOpen;
  }

  /** Updates of its own that are not acknowledged. */
  get waiting(): number {
    return this.#client.waiting;
  }

  /** Updates of others. */
  get received(): number {
    return this.#received;
  }

  get closed(): SyncClient["closed"] {
    return this.#client.closed;
  }

  /** Resolves when at most `count` updates of its own wait for their acknowledgement. */
  async acknowledged(count = 0): Promise<void> {
    await eventually(
      `no more than ${count} updates wait`,
      () => {
        if (!this.isOpen) throw new Error("closed before all was acknowledged");
        return this.waiting <= count;
      },
      limitMs,
    );
  }

  /** Nobody else may be on its connection. */
  async close(): Promise<void> {
    this.#client.leave();
    await this.#client.closed;
    this.doc.destroy();
  }
}

/** Makes a document of this size, of pieces of 1 MB; stored and acknowledged when it resolves. */
export async function fillDocument(server: SyncServer, document: string, megabytes: number): Promise<void> {
  const copy = await Copy.open(server, document);
  for (let piece = 0; piece < megabytes; piece += 1) {
    copy.text.insert(copy.text.length, textOf(1_000_000, piece));
    await copy.acknowledged();
  }
  await copy.close();
}

/** So many characters of one byte each, that differ from number to number. */
export function textOf(length: number, number: number): string {
  return `${number} of many `.repeat(Math.ceil(length / 10)).slice(0, length);
}
