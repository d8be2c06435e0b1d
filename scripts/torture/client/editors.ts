import * as Y from "yjs";
import type { Patch } from "../../../test/support/bytes/histories.ts";
import type { Random } from "../../../test/support/bytes/random.ts";
import type { Ledger } from "../ledger.ts";
import { SyncClient } from "./sync-client.ts";
import type { SyncServer } from "./sync-server.ts";

/** What all who are in one document together have been told of it. */
export interface Witnessed {
  /** All that anyone was sent. */
  readonly seen: Ledger;
  /** What the one who had sent it was told to be stored. */
  readonly acknowledged: Ledger;
  /** What no one should have been told. */
  readonly troubles: Set<string>;
}

const fromServer = Symbol("from the server");

/** One edit of a text that this editor has for itself; others only delete in it. */
export type Keystroke = (text: Y.Text) => void;

/** A person with a copy of a document, who keeps it while the server is away, and brings what the server lacks. */
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

  /** How many updates it sent. */
  get sent(): number {
    return this.#sent;
  }

  /** Updates that wait for their acknowledgement. */
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
      // It was killed meanwhile: the next one will be joined.
      () => {},
    );
  }

  /** One edit, and now and then a deletion in what someone else wrote. */
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

/** Types a trace from its beginning, and over again after its end. */
export function typing(patches: readonly Patch[]): Keystroke {
  let next = 0;
  return (text) => {
    const [position, deleted, inserted] = patches[next++ % patches.length] ?? [0, 0, "x"];
    // Others have deleted in it.
    const at = Math.min(position, text.length);
    if (deleted > 0 && at < text.length) text.delete(at, Math.min(deleted, text.length - at));
    if (inserted !== "" || text.length === 0) text.insert(at, inserted || "x");
  };
}

/** Replaces all of the text by some kilobytes: the log grows by them, the compacted document does not. */
export function pasting(random: Random): Keystroke {
  return (text) => {
    text.delete(0, text.length);
    text.insert(0, `${random.integer(1e6)} `.repeat(1_000 + random.integer(1_000)));
  };
}
