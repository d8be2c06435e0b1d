import { connect, createServer, type Server, type Socket } from "node:net";
import { pause } from "../eventually.ts";

const stepMs = 20;

/** A TCP path between clients and a server on loopback that passes a limited number of bytes a second in each direction. */
export class SlowPath implements AsyncDisposable {
  readonly #listener: Server;
  readonly #bytesPerSecond: number;
  readonly #sockets: Socket[] = [];

  private constructor(serverPort: number, bytesPerSecond: number) {
    this.#bytesPerSecond = bytesPerSecond;
    this.#listener = createServer((client) => this.#link(client, connect(serverPort, "127.0.0.1")));
  }

  /** Resolves when the path can be used. */
  static async to(serverPort: number, bytesPerSecond: number): Promise<SlowPath> {
    const path = new SlowPath(serverPort, bytesPerSecond);
    await new Promise<void>((resolve) => path.#listener.listen(0, "127.0.0.1", resolve));
    return path;
  }

  get port(): number {
    const address = this.#listener.address();
    if (address === null || typeof address === "string") throw new Error("the path is closed");
    return address.port;
  }

  get wsUrl(): string {
    return `ws://127.0.0.1:${this.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#listener.close(resolve));
  }

  #link(client: Socket, server: Socket): void {
    this.#sockets.push(client, server);
    void this.#pass(client, server);
    void this.#pass(server, client);
  }

  async #pass(from: Socket, to: Socket): Promise<void> {
    from.on("error", () => {});
    const stepBytes = Math.ceil((this.#bytesPerSecond * stepMs) / 1_000);
    try {
      for await (const chunk of from as AsyncIterable<Uint8Array>) {
        for (let start = 0; start < chunk.byteLength; start += stepBytes) {
          const step = chunk.subarray(start, start + stepBytes);
          to.write(step);
          await pause((step.byteLength / this.#bytesPerSecond) * 1_000);
        }
      }
    } catch {
      // The other side ends below.
    }
    to.end();
  }
}
