import * as Y from "yjs";
import type { Document } from "./document.ts";
import { YurtError } from "./errors.ts";

/** The state of a provider. `refused`: the server does not serve the document to this client; it has stopped. */
export type HttpProviderState = "connecting" | "synced" | "refused" | "closed";

export interface HttpProviderOptions {
  /** Called when the state changes; `error` is there for `refused`. */
  readonly onState?: (state: HttpProviderState, error?: YurtError) => void;
}

const firstDelayMs = 500;
const longestDelayMs = 15_000;

/**
 * Keeps a Yjs document and a document of the server the same over HTTP alone, where WebSockets are blocked.
 *
 * Edits are sent one request at a time, merged while one is under way, and again after a failure. There is no awareness.
 */
export class HttpProvider {
  readonly doc: Y.Doc;
  readonly #document: Document;
  readonly #options: HttpProviderOptions;
  readonly #ending = new AbortController();
  #unsent: Uint8Array[] = [];
  #sending: Promise<void> | undefined;
  #state: HttpProviderState = "connecting";

  constructor(doc: Y.Doc, document: Document, options: HttpProviderOptions = {}) {
    this.doc = doc;
    this.#document = document;
    this.#options = options;
    doc.on("update", this.#updated);
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
    this.doc.off("update", this.#updated);
    this.#ending.abort();
    if (this.#state !== "refused") this.#become("closed");
  }

  readonly #updated = (update: Uint8Array, origin: unknown): void => {
    if (origin === this) return;
    this.#unsent.push(update);
    this.#send();
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
    for await (const { kind, update } of this.#document.follow({ signal })) {
      if (kind === "ready") await this.#exchange();
      else if (update === undefined) await this.#read();
      else Y.applyUpdate(this.doc, update, this);
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
  #refuse(error: unknown): boolean {
    if (!(error instanceof YurtError) || error.status === 429 || error.status >= 500) return false;
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
