import type { Closing } from "../client/sync-connection.ts";
import type { SignalingFrame } from "./json-mutations.ts";
import { forgedId } from "./peers-mutations.ts";

/** One session at `/socket.io/`, over a WebSocket, that checks every message it receives. */
export class PeersFuzzClient {
  /** Messages that the client should not have received. */
  readonly faults: string[] = [];
  readonly #socket: WebSocket;
  readonly #closed = Promise.withResolvers<Closing>();
  readonly #connected = Promise.withResolvers<void>();
  readonly #handled = Promise.withResolvers<void>();

  constructor(url: string) {
    this.#socket = new WebSocket(`${url}/socket.io/?EIO=4&transport=websocket`);
    this.#socket.onclose = ({ code, reason }) => this.#closed.resolve({ code, reason });
    this.#socket.onmessage = ({ data }) => this.#receive(String(data));
  }

  /** Resolves when the server has handled all these frames. */
  async handles(frames: readonly SignalingFrame[]): Promise<void> {
    await this.#connected.promise;
    for (const frame of frames) this.#send(frame);
    this.#send(`42${mark}["getIceServers"]`);
    await this.#handled.promise;
  }

  /**
   * Resolves when the server has closed the session because of this frame, or of one after it that is invalid there.
   */
  async endsBy(frame: SignalingFrame): Promise<Closing> {
    this.#send(frame);
    this.#send("4garbage");
    return this.#closed.promise;
  }

  close(code: number): Promise<Closing> {
    this.#socket.close(code);
    return this.#closed.promise;
  }

  #send(frame: SignalingFrame): void {
    // The type of WebSocket.send excludes shared memory, which is not used here.
    this.#socket.send(frame as string | Uint8Array<ArrayBuffer>);
  }

  #receive(message: string): void {
    if (message.startsWith("0")) this.#send("40");
    else if (message === "2") this.#send("3");
    else if (message.startsWith("40{")) this.#connected.resolve();
    else if (message.startsWith(`43${mark}[null`)) this.#handled.resolve();
    else if (message.startsWith("42")) this.#receiveEvent(JSON.parse(message.slice(2)));
  }

  #receiveEvent([event, argument]: readonly unknown[]): void {
    // A message of this client was refused.
    if (event === "error") return;
    const about = Object(argument).fromDeviceId ?? Object(argument).fromDevice ?? argument;
    // A changed frame may register any id, so only the forged one is known to be wrong.
    if (about === forgedId || typeof about !== "string")
      this.faults.push(`heard ${event} of nobody: ${JSON.stringify(argument)}`);
  }
}

/** The id of an acknowledgement that no frame of the fuzz requests. */
const mark = "123456789";
