import * as Y from "yjs";
import { eventually } from "../../test/support/eventually.ts";
import { within } from "../within.ts";
import { SyncClient } from "./client/sync-client.ts";
import type { SyncServer } from "./client/sync-server.ts";

const limitMs = 60_000;
const fromServer = Symbol("from the server");

/** A client with a copy of a document. It sends every edit and reports the acknowledgements. */
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

  /** Resolves when the copy has synced. */
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

  /** The number of its updates that are not acknowledged. */
  get waiting(): number {
    return this.#client.waiting;
  }

  /** The number of updates of other clients. */
  get received(): number {
    return this.#received;
  }

  get closed(): SyncClient["closed"] {
    return this.#client.closed;
  }

  /** Resolves when at most `count` of its updates wait for their acknowledgement. */
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

  /** Leaves the document and waits for the end of the connection, which no other copy may use. */
  async close(): Promise<void> {
    this.#client.leave();
    await this.#client.closed;
    this.doc.destroy();
  }
}

/** Writes a document of this size in pieces of 1 MB. It is stored and acknowledged when the promise resolves. */
export async function fillDocument(server: SyncServer, document: string, megabytes: number): Promise<void> {
  const copy = await Copy.open(server, document);
  for (let piece = 0; piece < megabytes; piece += 1) {
    copy.text.insert(copy.text.length, textOf(1_000_000, piece));
    await copy.acknowledged();
  }
  await copy.close();
}

/** Text of `length` one-byte characters, different for each number. */
export function textOf(length: number, number: number): string {
  return `${number} of many `.repeat(Math.ceil(length / 10)).slice(0, length);
}
