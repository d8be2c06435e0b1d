import * as Y from "yjs";
import { eventually } from "../../test/support/eventually.ts";
import { RelayClient, within } from "./relay-client.ts";

const limitMs = 60_000;
const fromServer = Symbol("from the server");

/** A client with a copy of a document, which sends what is edited in it and says when that is acknowledged. */
export class Copy {
  readonly doc = new Y.Doc();
  readonly text = this.doc.getText();
  readonly #client: RelayClient;
  readonly #waiting = new Set<bigint | number>();
  readonly #synced = Promise.withResolvers<void>();
  #received = 0;

  private constructor(url: string) {
    this.#client = new RelayClient(url, { updated: (update, kind) => this.#hear(update, kind) });
    this.doc.on("update", (update: Uint8Array, origin: unknown) => {
      if (origin === fromServer) return;
      this.#waiting.add(Bun.hash(update));
      this.#client.send({ type: "update", update });
    });
  }

  /** Resolves when it has synced. */
  static async open(url: string): Promise<Copy> {
    const copy = new Copy(url);
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
    return this.#waiting.size;
  }

  /** Updates of others. */
  get received(): number {
    return this.#received;
  }

  get closed(): RelayClient["closed"] {
    return this.#client.closed;
  }

  /** Resolves when at most `count` updates of its own wait for their acknowledgement. */
  async acknowledged(count = 0): Promise<void> {
    await eventually(
      `no more than ${count} updates wait`,
      () => {
        if (!this.isOpen) throw new Error("closed before all was acknowledged");
        return this.#waiting.size <= count;
      },
      limitMs,
    );
  }

  async close(): Promise<void> {
    await this.#client.close();
    this.doc.destroy();
  }

  #hear(update: Uint8Array, kind: "update" | "sync-step-2"): void {
    if (!this.#waiting.delete(Bun.hash(update)) && kind === "update") this.#received += 1;
    Y.applyUpdate(this.doc, update, fromServer);
    if (kind === "sync-step-2") this.#synced.resolve();
  }
}

/** Makes a document of this size, of pieces of 1 MB; stored and acknowledged when it resolves. */
export async function fillDocument(url: string, megabytes: number): Promise<void> {
  const copy = await Copy.open(url);
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
