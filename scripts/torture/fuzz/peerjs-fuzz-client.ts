import { encodeSignal } from "../../../src/signaling/peerjs/codec.ts";
import type { Closing } from "../client/sync-connection.ts";
import type { SignalingFrame } from "./json-mutations.ts";

/** One connection to `/peerjs` that checks every message it receives. */
export class PeerJsFuzzClient {
  /** Messages that the client should not have received. */
  readonly faults: string[] = [];
  readonly #id: string;
  readonly #socket: WebSocket;
  readonly #closed = Promise.withResolvers<Closing>();
  readonly #opened = Promise.withResolvers<void>();
  readonly #echoed = Promise.withResolvers<void>();
  readonly #refused = Promise.withResolvers<void>();

  constructor(url: string, id: string) {
    this.#id = id;
    this.#socket = new WebSocket(`${url}/peerjs/peerjs?key=peerjs&id=${encodeURIComponent(id)}&token=token`);
    this.#socket.onclose = ({ code, reason }) => this.#closed.resolve({ code, reason });
    this.#socket.onmessage = ({ data }) => this.#receive(JSON.parse(String(data)));
  }

  /** Resolves when the server has handled all these frames. */
  async handles(frames: readonly SignalingFrame[]): Promise<void> {
    await this.#opened.promise;
    for (const frame of frames) this.#send(frame);
    // A message to the client's own id comes back after every earlier one has been handled.
    this.#send(encodeSignal({ type: "OFFER", dst: this.#id, payload: mark }, this.#id));
    await this.#echoed.promise;
  }

  /** Resolves when the server has reported that it refuses this frame. */
  async refuses(frame: SignalingFrame): Promise<void> {
    this.#send(frame);
    await this.#refused.promise;
  }

  close(code: number): Promise<Closing> {
    this.#socket.close(code);
    return this.#closed.promise;
  }

  #send(frame: SignalingFrame): void {
    // The type of WebSocket.send excludes shared memory, which is not used here.
    this.#socket.send(frame as string | Uint8Array<ArrayBuffer>);
  }

  #receive(message: {
    readonly type: string;
    readonly src?: string;
    readonly dst?: string;
    readonly payload?: unknown;
  }) {
    const { type, src, dst, payload } = message;
    if (type === "OPEN") this.#opened.resolve();
    else if (type === "ERROR") this.#refused.resolve();
    else if (dst !== this.#id) this.faults.push(`heard what is for another: ${JSON.stringify(message)}`);
    else if (type !== "EXPIRE" && !src?.startsWith("fuzz ")) this.faults.push(`heard from nobody: ${src}`);
    if (payload === mark) this.#echoed.resolve();
  }
}

const mark = "end of the batch";
