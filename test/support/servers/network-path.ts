import { connect, createServer, type Server, type Socket } from "node:net";
import { pause } from "../eventually.ts";

interface Link {
  readonly client: Socket;
  readonly server: Socket;
}

export interface NetworkPathOptions {
  /** The most bytes that pass in a second, in each direction of a connection. */
  readonly bytesPerSecond?: number;
}

const stepMs = 20;

/**
 * A TCP path between clients and a server on loopback that can be slow, and can fail as networks do: without telling
 * either side.
 */
export class NetworkPath implements AsyncDisposable {
  readonly #listener: Server;
  /** The connections on which bytes pass. */
  readonly #links = new Set<Link>();
  readonly #sockets: Socket[] = [];

  private constructor(serverPort: number, { bytesPerSecond }: NetworkPathOptions) {
    this.#listener = createServer((client) => {
      const server = connect(serverPort, "127.0.0.1");
      if (bytesPerSecond === undefined) this.#link(client, server);
      else this.#linkSlowly(client, server, bytesPerSecond);
    });
  }

  /** Resolves when the path can be used. */
  static async to(serverPort: number, options: NetworkPathOptions = {}): Promise<NetworkPath> {
    const path = new NetworkPath(serverPort, options);
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

  /** From now on nothing passes on the connections that are open, in either direction; new connections are not affected. */
  freeze(): void {
    for (const { client, server } of this.#links) {
      client.unpipe(server).pause();
      server.unpipe(client).pause();
    }
    this.#links.clear();
  }

  /** Ends all connections, frozen or not. */
  end(): void {
    for (const socket of this.#sockets.splice(0)) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.end();
    await new Promise((resolve) => this.#listener.close(resolve));
  }

  #linkSlowly(client: Socket, server: Socket, bytesPerSecond: number): void {
    this.#sockets.push(client, server);
    void passSlowly(client, server, bytesPerSecond);
    void passSlowly(server, client, bytesPerSecond);
  }

  #link(client: Socket, server: Socket): void {
    const link = { client, server };
    this.#links.add(link);
    client.pipe(server);
    server.pipe(client);
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.push(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        if (this.#links.delete(link)) other.destroy();
      });
    }
  }
}

async function passSlowly(from: Socket, to: Socket, bytesPerSecond: number): Promise<void> {
  from.on("error", () => {});
  const stepBytes = Math.ceil((bytesPerSecond * stepMs) / 1_000);
  try {
    for await (const chunk of from as AsyncIterable<Uint8Array>) {
      for (let start = 0; start < chunk.byteLength; start += stepBytes) {
        const step = chunk.subarray(start, start + stepBytes);
        to.write(step);
        await pause((step.byteLength / bytesPerSecond) * 1_000);
      }
    }
  } catch {
    // The other side ends below.
  }
  to.end();
}
