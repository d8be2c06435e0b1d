import * as decoding from "lib0/decoding";
import { encodeMessage, type ServerMessage } from "../../src/relay/y-websocket/codec.ts";

/** Whom a client tells what it is sent. */
export interface Listening {
  /** SyncStep1: the server asks for what it lacks. */
  readonly asked?: (stateVector: Uint8Array) => void;
  /** The body of an Update, or of SyncStep2. */
  readonly updated?: (update: Uint8Array, kind: "update" | "sync-step-2") => void;
}

export interface Closing {
  readonly code: number;
  readonly reason: string;
}

const protocolSync = 0;

/** A y-websocket connection that neither keeps a document nor what it is sent. */
export class RelayClient {
  readonly socket: WebSocket;
  /** Resolves when the connection is open; rejects when it closes before. */
  readonly opened: Promise<void>;
  readonly closed: Promise<Closing>;

  constructor(url: string, { asked, updated }: Listening = {}) {
    const opened = Promise.withResolvers<void>();
    const closed = Promise.withResolvers<Closing>();
    this.opened = opened.promise;
    this.closed = closed.promise;
    opened.promise.catch(() => {});
    this.socket = new WebSocket(url);
    this.socket.binaryType = "arraybuffer";
    this.socket.onopen = () => opened.resolve();
    this.socket.onclose = ({ code, reason }) => {
      opened.reject(new Error(`closed before it was open: ${code} ${reason}`));
      closed.resolve({ code, reason });
    };
    this.socket.onmessage = ({ data }: MessageEvent<ArrayBuffer>) => {
      const message = new Uint8Array(data);
      if (message[0] !== protocolSync) return;
      const body = decoding.readVarUint8Array(decoding.createDecoder(message.subarray(2)));
      if (message[1] === 0) asked?.(body);
      else updated?.(body, message[1] === 1 ? "sync-step-2" : "update");
    };
  }

  get isOpen(): boolean {
    return this.socket.readyState === WebSocket.OPEN;
  }

  send(message: ServerMessage): void {
    this.sendBytes(encodeMessage(message));
  }

  sendBytes(frame: Uint8Array): void {
    // The type of WebSocket.send wants to rule out shared memory, which nothing here is.
    this.socket.send(frame as Uint8Array<ArrayBuffer>);
  }

  async close(): Promise<void> {
    this.socket.close();
    await this.closed;
  }
}

/** Everything that someone gets who knows nothing of the document, up to the end of the first sync. */
export async function fetchDocument(url: string, withinMs = 20_000): Promise<readonly Uint8Array[]> {
  const updates: Uint8Array[] = [];
  const synced = Promise.withResolvers<void>();
  const client = new RelayClient(url, {
    updated: (update, kind) => {
      updates.push(update);
      if (kind === "sync-step-2") synced.resolve();
    },
  });
  const failed = client.closed.then(({ code, reason }) => {
    throw new Error(`closed before it was synced: ${code} ${reason}`);
  });
  failed.catch(() => {});
  await within(withinMs, "open", Promise.race([client.opened, failed]));
  client.send({ type: "sync-step-1", stateVector: Uint8Array.of(0) });
  await within(withinMs, "synced", Promise.race([synced.promise, failed]));
  await client.close();
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
