import { within } from "../../within.ts";
import type { Closing, SyncConnection } from "./sync-connection.ts";
import type { Acknowledgements, ReceivedMessage, SentMessage } from "./sync-protocol.ts";
import type { SyncServer } from "./sync-server.ts";

/** The receiver of a client's messages. */
export interface Listening {
  /** SyncStep1: the server requests what it lacks. */
  readonly asked?: (stateVector: Uint8Array) => void;
  /** The body of an Update or a SyncStep2. An echo is an Update of the client that comes back to it. */
  readonly updated?: (update: Uint8Array, kind: "update" | "echo" | "sync-step-2") => void;
  /** An update of this client is acknowledged. */
  readonly acknowledged?: (update: Uint8Array) => void;
  /** The server refused something, or acknowledged an update that was not sent. */
  readonly troubled?: (why: string) => void;
}

/** A client in a document that keeps neither the document nor its messages. */
export class SyncClient {
  /** Resolves when the client can send; rejects when its connection closes before. */
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

  /** Resolves when its connection is closed. */
  get closed(): Promise<Closing> {
    return this.#connection.closed;
  }

  /** The number of its updates that are not acknowledged. */
  get waiting(): number {
    return this.#acknowledgements.waiting;
  }

  send(message: SentMessage): void {
    this.#acknowledgements.sent(message);
    this.#connection.send(this.#server.protocol.encode(this.#address, message));
  }

  /** Leaves the document. The connection ends with the last document on it. */
  leave(): void {
    this.#connection.detach(this.#address);
  }

  /** Ends the connection without a close frame. */
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

/** Fetches everything that a client without any state of the document receives, up to the end of the first sync. */
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
