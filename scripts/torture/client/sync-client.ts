import type { Closing, SyncConnection } from "./sync-connection.ts";
import type { Acknowledgements, ReceivedMessage, SentMessage } from "./sync-protocol.ts";
import type { SyncServer } from "./sync-server.ts";

/** Whom a client tells what it is sent. */
export interface Listening {
  /** SyncStep1: the server asks for what it lacks. */
  readonly asked?: (stateVector: Uint8Array) => void;
  /** The body of an Update, or of SyncStep2; an echo is an Update of its own that comes back. */
  readonly updated?: (update: Uint8Array, kind: "update" | "echo" | "sync-step-2") => void;
  /** This update of its own is acknowledged. */
  readonly acknowledged?: (update: Uint8Array) => void;
  /** It was refused something, or acknowledged what it has not sent. */
  readonly troubled?: (why: string) => void;
}

/** One who is in a document and keeps neither the document nor what it is sent. */
export class SyncClient {
  /** Resolves when it can speak; rejects when its connection closes before. */
  readonly opened: Promise<void>;
  readonly #server: SyncServer;
  readonly #connection: SyncConnection;
  readonly #address: string;
  readonly #acknowledgements: Acknowledgements;
  readonly #listening: Listening;

  constructor(server: SyncServer, document: string, listening: Listening = {}) {
    this.#server = server;
    this.#connection = server.connectionTo(document);
    this.#address = server.protocol.address(document);
    this.#acknowledgements = server.protocol.acknowledgements();
    this.#listening = listening;
    this.opened = this.#connection.attach(this.#address, (message) => this.#hear(message));
    this.opened.catch(() => {});
  }

  get isOpen(): boolean {
    return this.#connection.isOpen;
  }

  /** Its connection is. */
  get closed(): Promise<Closing> {
    return this.#connection.closed;
  }

  /** Updates of its own that are not acknowledged. */
  get waiting(): number {
    return this.#acknowledgements.waiting;
  }

  send(message: SentMessage): void {
    this.#acknowledgements.sent(message);
    this.#connection.send(this.#server.protocol.encode(this.#address, message));
  }

  /** Leaves the document; the connection ends when nobody else is on it. */
  leave(): void {
    this.#connection.detach(this.#address);
  }

  /** The connection ends without a word. */
  terminate(): void {
    this.#connection.socket.terminate();
  }

  #hear(message: ReceivedMessage): void {
    const { asked, updated, acknowledged, troubled } = this.#listening;
    const acknowledgement = this.#acknowledgements.heard(message);
    if (acknowledgement !== undefined) acknowledged?.(acknowledgement);
    switch (message.type) {
      case "sync-step-1":
        asked?.(message.stateVector);
        break;
      case "sync-step-2":
        updated?.(message.update, "sync-step-2");
        break;
      case "update":
        updated?.(message.update, acknowledgement === undefined ? "update" : "echo");
        break;
      case "applied":
        if (acknowledgement === undefined) troubled?.("an acknowledgement of nothing");
        break;
      case "refused":
        troubled?.(message.why);
        break;
    }
  }
}

/** Everything that someone gets who knows nothing of the document, up to the end of the first sync. */
export async function fetchDocument(
  server: SyncServer,
  document: string,
  withinMs = 20_000,
): Promise<readonly Uint8Array[]> {
  const updates: Uint8Array[] = [];
  const synced = Promise.withResolvers<void>();
  const client = new SyncClient(server, document, {
    updated: (update, kind) => {
      updates.push(update);
      if (kind === "sync-step-2") synced.resolve();
    },
    troubled: (why) => synced.reject(new Error(`it was refused: ${why}`)),
  });
  const failed = client.closed.then(({ code, reason }) => {
    throw new Error(`closed before it was synced: ${code} ${reason}`);
  });
  for (const promise of [failed, synced.promise]) promise.catch(() => {});
  await within(withinMs, "open", Promise.race([client.opened, failed]));
  client.send({ type: "sync-step-1", stateVector: Uint8Array.of(0) });
  await within(withinMs, "synced", Promise.race([synced.promise, failed]));
  client.leave();
  return updates;
}

/** Rejects, saying `what`, when the promise has not settled within `limitMs`. */
export async function within<T>(limitMs: number, what: string, promise: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`not within ${limitMs} ms: ${what}`)), limitMs);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
