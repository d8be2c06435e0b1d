import { connect, createServer, type Server, type Socket } from "node:net";

interface Link {
  readonly client: Socket;
  readonly server: Socket;
}

/** A TCP path between clients and a server on loopback that can fail as networks do: without telling either side. */
export class NetworkPath implements AsyncDisposable {
  readonly #listener: Server;
  /** The connections on which bytes pass. */
  readonly #links = new Set<Link>();
  readonly #sockets: Socket[] = [];

  private constructor(serverPort: number) {
    this.#listener = createServer((client) => this.#link(client, serverPort));
  }

  /** Resolves when the path can be used. */
  static async to(serverPort: number): Promise<NetworkPath> {
    const path = new NetworkPath(serverPort);
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

  #link(client: Socket, serverPort: number): void {
    const server = connect(serverPort, "127.0.0.1");
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
