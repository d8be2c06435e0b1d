import type { ReceivedMessage, SyncProtocol } from "./sync-protocol.ts";

export interface Closing {
  readonly code: number;
  readonly reason: string;
}

/** A WebSocket to a sync server and the documents on it. It keeps no message. */
export class SyncConnection {
  readonly socket: WebSocket;
  /** Resolves when the connection is open; rejects when it closes before. */
  readonly opened: Promise<void>;
  readonly closed: Promise<Closing>;
  readonly #protocol: SyncProtocol;
  /** The listeners by address. */
  readonly #attached = new Map<string, (message: ReceivedMessage) => void>();

  constructor(url: string, protocol: SyncProtocol) {
    const opened = Promise.withResolvers<void>();
    const closed = Promise.withResolvers<Closing>();
    this.opened = opened.promise;
    this.closed = closed.promise;
    opened.promise.catch(() => {});
    this.#protocol = protocol;
    this.socket = new WebSocket(url);
    this.socket.binaryType = "arraybuffer";
    this.socket.onopen = () => opened.resolve();
    this.socket.onclose = ({ code, reason }) => {
      opened.reject(new Error(`closed before it was open: ${code} ${reason}`));
      closed.resolve({ code, reason });
    };
    this.socket.onmessage = ({ data }: MessageEvent<ArrayBuffer>) => {
      const heard = protocol.decode(new Uint8Array(data));
      if (heard !== undefined) this.#attached.get(heard.address)?.(heard.message);
    };
  }

  get isOpen(): boolean {
    return this.socket.readyState === WebSocket.OPEN;
  }

  /** Adds a document and sends its hello as soon as the connection is open. */
  async attach(address: string, listener: (message: ReceivedMessage) => void): Promise<void> {
    if (this.#attached.has(address)) throw new Error("that address is taken on this connection");
    this.#attached.set(address, listener);
    await this.opened;
    const hello = this.#protocol.hello?.(address);
    if (hello !== undefined) this.send(hello);
  }

  /** Removes a document. The connection ends with the last one. */
  detach(address: string): void {
    if (!this.#attached.delete(address)) return;
    const frame = this.#protocol.leave?.(address);
    if (frame !== undefined && this.isOpen) this.send(frame);
    if (this.#attached.size === 0) this.socket.close();
  }

  send(frame: string | Uint8Array): void {
    // The type of WebSocket.send excludes shared memory, which is not used here.
    this.socket.send(frame as string | Uint8Array<ArrayBuffer>);
  }
}
