import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { eventually } from "../eventually.ts";

/** A TCP or TLS connection at the client's end. */
export class StreamPeer implements Disposable {
  readonly #socket: Socket;
  #received = Buffer.alloc(0);
  #isClosed = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (bytes: Buffer) => {
      this.#received = Buffer.concat([this.#received, bytes]);
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      this.#isClosed = true;
    });
  }

  static async open(port: number, options: { readonly isTls?: boolean; readonly address?: string } = {}) {
    const { isTls = false, address: host = "127.0.0.1" } = options;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const socket = isTls
      ? connectTls({ host, port, rejectUnauthorized: false }, resolve)
      : connectTcp({ host, port }, resolve);
    socket.once("error", reject);
    const peer = new StreamPeer(socket);
    await promise;
    return peer;
  }

  get received(): Buffer {
    return this.#received;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  get localPort(): number {
    return this.#socket.localPort ?? 0;
  }

  send(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  async hasReceived(count: number): Promise<Buffer> {
    await eventually(`${count} bytes received`, () => this.#received.byteLength >= count);
    return this.#received;
  }

  async closed(): Promise<void> {
    await eventually("closed", () => this.#isClosed);
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}
