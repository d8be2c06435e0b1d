import { type Awareness, applyAwarenessUpdate, removeAwarenessStates } from "y-protocols/awareness";
import * as Y from "yjs";
import type { Document } from "./document.ts";
import { YurtError } from "./errors.ts";

/** The state of a provider. `refused`: the server does not serve the document to this client; it has stopped. */
export type HttpProviderState = "connecting" | "synced" | "refused" | "closed";

export interface HttpProviderOptions {
  /** The awareness of the document's clients, as editors use it. Without it the provider syncs no presence. */
  readonly awareness?: Awareness | undefined;
  /** Called when the state changes; `error` is there for `refused`. */
  readonly onState?: (state: HttpProviderState, error?: YurtError) => void;
}

const firstDelayMs = 500;
const longestDelayMs = 15_000;
/** The shortest time between two requests with awareness. */
const awarenessIntervalMs = 100;

/**
 * Keeps a Yjs document and a document of the server the same over HTTP alone, where WebSockets are blocked.
 *
 * Edits are sent one request at a time, merged while one is under way, and again after a failure; so is the client's
 * awareness state.
 */
export class HttpProvider {
  readonly doc: Y.Doc;
  readonly #document: Document;
  readonly #options: HttpProviderOptions;
  readonly #ending = new AbortController();
  #unsent: Uint8Array[] = [];
  #sending: Promise<void> | undefined;
  #state: HttpProviderState = "connecting";
  /** The event stream that keeps the client's awareness state; undefined until it is open. */
  #stream: string | undefined;
  #isAwarenessDue = false;
  #showing: Promise<void> | undefined;

  constructor(doc: Y.Doc, document: Document, options: HttpProviderOptions = {}) {
    this.doc = doc;
    this.#document = document;
    this.#options = options;
    doc.on("update", this.#updated);
    options.awareness?.on("update", this.#awarenessChanged);
    void this.#run();
  }

  get state(): HttpProviderState {
    return this.#state;
  }

  /** Whether the server has stored all edits on its disk. */
  get isSaved(): boolean {
    return this.#unsent.length === 0 && this.#sending === undefined;
  }

  /** Stops following and sending. */
  close(): void {
    const { awareness } = this.#options;
    this.doc.off("update", this.#updated);
    awareness?.off("update", this.#awarenessChanged);
    this.#ending.abort();
    // No states of the other clients arrive any more. The server removes this client with its stream.
    const others = [...(awareness?.getStates().keys() ?? [])].filter((id) => id !== awareness?.clientID);
    if (awareness !== undefined) removeAwarenessStates(awareness, others, this);
    if (this.#state !== "refused") this.#become("closed");
  }

  readonly #updated = (update: Uint8Array, origin: unknown): void => {
    if (origin === this) return;
    this.#unsent.push(update);
    this.#send();
  };

  readonly #awarenessChanged = (
    changes: Readonly<Record<"added" | "updated" | "removed", readonly number[]>>,
  ): void => {
    const id = this.#options.awareness?.clientID;
    const isOwn = Object.values(changes).some((ids) => ids.some((changed) => changed === id));
    if (isOwn) this.#showAwareness();
  };

  async #run(): Promise<void> {
    const { signal } = this.#ending;
    for (let failures = 0; !signal.aborted; failures += 1) {
      try {
        await this.#follow();
      } catch (error) {
        // Updates that are missing were merged: the next round reads all of them.
        const isLost = error instanceof YurtError && error.code === "events-lost";
        if (!isLost && this.#refuse(error)) return;
      }
      await pause(delayAfter(failures), signal);
    }
  }

  async #follow(): Promise<void> {
    const { signal } = this.#ending;
    const { awareness } = this.#options;
    for await (const event of this.#document.follow({ signal, awareness: awareness !== undefined })) {
      if (event.kind === "ready") {
        this.#stream = event.stream;
        this.#showAwareness();
        await this.#exchange();
      } else if (event.update === undefined) await this.#read();
      else if (event.kind === "update") Y.applyUpdate(this.doc, event.update, this);
      else if (awareness !== undefined) applyAwarenessUpdate(awareness, event.update, this);
    }
  }

  /** Sends the client's awareness state as it is when its turn comes. */
  #showAwareness(): void {
    this.#isAwarenessDue = true;
    if (this.#showing !== undefined || this.#stream === undefined || this.#ending.signal.aborted) return;
    this.#showing = this.#showAll(this.#stream).finally(() => {
      this.#showing = undefined;
      if (this.#isAwarenessDue) this.#showAwareness();
    });
  }

  /** Sends states until the last one is sent, or the stream is another one. */
  async #showAll(stream: string): Promise<void> {
    const { awareness } = this.#options;
    const { signal } = this.#ending;
    for (let failures = 0; this.#isAwarenessDue && this.#stream === stream && !signal.aborted; ) {
      if (awareness === undefined) return;
      this.#isAwarenessDue = false;
      const { clientID: clientId } = awareness;
      const client = { clientId, clock: awareness.meta.get(clientId)?.clock, stream };
      try {
        await this.#document.showAwareness(awareness.getLocalState(), { ...client, signal });
        failures = 0;
        await pause(awarenessIntervalMs, signal);
      } catch (error) {
        // Another stream follows one that has ended. If presence is refused, the document syncs without it.
        if (isFinal(error) && this.#stream === stream) this.#stream = undefined;
        this.#isAwarenessDue = true;
        await pause(delayAfter(failures), signal);
        failures += 1;
      }
    }
  }

  /** Reads what the server has more, and sends what it has less. */
  async #exchange(): Promise<void> {
    const served = await this.#read();
    const missing = Y.encodeStateAsUpdate(this.doc, served && Y.encodeStateVectorFromUpdate(served));
    if (missing.byteLength > emptyUpdateBytes) this.#unsent.push(missing);
    this.#send();
    this.#become("synced");
  }

  /** Undefined if nobody has written to the document yet. */
  async #read(): Promise<Uint8Array | undefined> {
    const { signal } = this.#ending;
    try {
      // The whole document, whose state vector tells what it lacks.
      const update = await this.#document.readUpdate({ signal });
      Y.applyUpdate(this.doc, update, this);
      return update;
    } catch (error) {
      if (error instanceof YurtError && error.code === "not-found") return undefined;
      throw error;
    }
  }

  #send(): void {
    if (this.#ending.signal.aborted || this.#sending !== undefined || this.#unsent.length === 0) return;
    this.#sending = this.#sendAll().finally(() => {
      this.#sending = undefined;
      this.#send();
    });
  }

  async #sendAll(): Promise<void> {
    const { signal } = this.#ending;
    for (let failures = 0; this.#unsent.length > 0 && !signal.aborted; ) {
      const sent = this.#unsent;
      this.#unsent = [];
      try {
        await this.#document.writeUpdate(Y.mergeUpdates(sent), { signal });
        failures = 0;
      } catch (error) {
        this.#unsent = [...sent, ...this.#unsent];
        if (this.#refuse(error)) return;
        await pause(delayAfter(failures), signal);
        failures += 1;
      }
    }
  }

  /** Stops if the error is final. Returns whether it is. */
  #refuse(error: unknown): error is YurtError {
    if (!isFinal(error)) return false;
    this.#become("refused", error);
    this.close();
    return true;
  }

  #become(state: HttpProviderState, error?: YurtError): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#options.onState?.(state, error);
  }
}

/** Whether repeating the request would not help. */
function isFinal(error: unknown): error is YurtError {
  return error instanceof YurtError && error.status !== 429 && error.status < 500;
}

/** The length of an update with nothing in it. */
const emptyUpdateBytes = 2;

function delayAfter(failures: number): number {
  return Math.min(firstDelayMs * 2 ** failures, longestDelayMs);
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener(
      "abort",
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}
