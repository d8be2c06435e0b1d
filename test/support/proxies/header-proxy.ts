import { connect, createServer, type Server, type Socket } from "node:net";

/** Changes the header lines of a request, without the line of the method and those of the connection. */
export type ChangeHeaders = (lines: readonly string[], clientAddress: string) => readonly string[];

/** A reverse proxy on loopback that changes the headers of the first request of each connection, and copies the rest. */
export class HeaderProxy implements AsyncDisposable {
  readonly port: number;
  /** The port of the server that it forwards to. */
  upstreamPort = 0;
  readonly #server: Server;
  readonly #sockets: Set<Socket>;

  private constructor(server: Server, sockets: Set<Socket>, change: ChangeHeaders) {
    this.#server = server;
    this.#sockets = sockets;
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("the proxy has no port");
    this.port = address.port;
    server.on("connection", (client) => this.#forward(client, change));
  }

  static async start(change: ChangeHeaders): Promise<HeaderProxy> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new HeaderProxy(server, new Set(), change);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #forward(client: Socket, change: ChangeHeaders): void {
    const upstream = connect(this.upstreamPort, "127.0.0.1");
    for (const socket of [client, upstream]) {
      this.#sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        client.destroy();
        upstream.destroy();
      });
    }
    let head = "";
    const read = (chunk: Buffer) => {
      head += chunk.toString("latin1");
      const end = head.indexOf("\r\n\r\n");
      if (end === -1) return;
      client.off("data", read);
      const [first = "", ...lines] = head.slice(0, end).split("\r\n");
      // A second request on the connection would not be changed.
      const kept = lines.filter((line) => !/^connection: keep-alive/i.test(line));
      const closing = kept.length < lines.length ? ["Connection: close"] : [];
      const changed = [first, ...change(kept, "127.0.0.1"), ...closing];
      upstream.write(`${changed.join("\r\n")}${head.slice(end)}`, "latin1");
      client.pipe(upstream);
    };
    client.on("data", read);
    upstream.pipe(client);
  }
}
