import * as Y from "yjs";
import type { Patch } from "../../../test/support/bytes/histories.ts";
import type { Random } from "../../../test/support/bytes/random.ts";
import type { Ledger } from "../ledger.ts";
import { SyncClient } from "./sync-client.ts";
import type { SyncServer } from "./sync-server.ts";

/** Everything that the clients in one document have received about it. */
export interface Witnessed {
  /** Every update that a client received. */
  readonly seen: Ledger;
  /** Every update that its sender received an acknowledgement for. */
  readonly acknowledged: Ledger;
  /** Messages that no client should have received. */
  readonly troubles: Set<string>;
}

const fromServer = Symbol("from the server");

/** One edit of a text that belongs to this editor; other editors only delete in it. */
export type Keystroke = (text: Y.Text) => void;

/**
 * A person with a copy of a document. The copy survives while the server is away, and the next sync sends what the
 * server lacks.
 */
export class Editor {
  readonly doc = new Y.Doc();
  readonly #own: Y.Text;
  readonly #keystroke: Keystroke;
  readonly #witnessed: Witnessed;
  readonly #random: Random;
  #client: SyncClient | undefined;
  #synced = Promise.withResolvers<void>();
  #sent = 0;

  constructor(name: string, keystroke: Keystroke, { witnessed, random }: { witnessed: Witnessed; random: Random }) {
    this.#own = this.doc.getText(name);
    this.#keystroke = keystroke;
    this.#witnessed = witnessed;
    this.#random = random;
    this.doc.on("update", (update: Uint8Array, origin: unknown) => {
      if (origin !== fromServer) this.#submit("update", update);
    });
  }

  /** The number of updates that it sent. */
  get sent(): number {
    return this.#sent;
  }

  /** The number of updates that wait for their acknowledgement. */
  get waiting(): number {
    return this.#client?.waiting ?? 0;
  }

  /** Resolves when the first sync with the present server has ended. */
  get synced(): Promise<void> {
    return this.#synced.promise;
  }

  get closed(): Promise<unknown> {
    return this.#client?.closed ?? Promise.resolve();
  }

  enter(server: SyncServer, document: string): void {
    const { seen, acknowledged, troubles } = this.#witnessed;
    this.#synced = Promise.withResolvers();
    const client = new SyncClient(server, document, {
      asked: (stateVector) => this.#submit("sync-step-2", Y.encodeStateAsUpdate(this.doc, stateVector)),
      updated: (update, kind) => {
        seen.add(update);
        Y.applyUpdate(this.doc, update, fromServer);
        if (kind === "sync-step-2") this.#synced.resolve();
      },
      acknowledged: (update) => acknowledged.add(update),
      troubled: (why) => troubles.add(why),
    });
    this.#client = client;
    client.opened.then(
      () => client.send({ type: "sync-step-1", stateVector: Y.encodeStateVector(this.doc) }),
      // The server was killed meanwhile; the editor enters the next one.
      () => {},
    );
  }

  /** Makes one edit, and sometimes deletes a part of another editor's text. */
  type(): void {
    this.#keystroke(this.#own);
    if (!this.#random.chance(0.05)) return;
    const texts = [...this.doc.share.keys()].map((name) => this.doc.getText(name)).filter(({ length }) => length > 0);
    if (texts.length === 0) return;
    const text = this.#random.pick(texts);
    text.delete(this.#random.integer(text.length), 1);
  }

  #submit(type: "update" | "sync-step-2", update: Uint8Array): void {
    if (this.#client?.isOpen !== true) return;
    this.#client.send({ type, update });
    this.#sent += 1;
  }
}

/** Types a trace from its beginning, and again from the beginning after its end. */
export function typing(patches: readonly Patch[]): Keystroke {
  let next = 0;
  return (text) => {
    const [position, deleted, inserted] = patches[next++ % patches.length] ?? [0, 0, "x"];
    // Other editors have deleted in the text.
    const at = Math.min(position, text.length);
    if (deleted > 0 && at < text.length) text.delete(at, Math.min(deleted, text.length - at));
    if (inserted !== "" || text.length === 0) text.insert(at, inserted || "x");
  };
}

/** Replaces the whole text by some kilobytes: the log grows by them, the compacted document does not. */
export function pasting(random: Random): Keystroke {
  return (text) => {
    text.delete(0, text.length);
    text.insert(0, `${random.integer(1e6)} `.repeat(1_000 + random.integer(1_000)));
  };
}
