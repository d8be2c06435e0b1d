import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A proxy between unix sockets that stops a connection in the middle of a large message, as a slow link nearly does. */
export class HoldingProxy implements AsyncDisposable {
  readonly #socket: string;
  readonly #folder = mkdtempSync(join(tmpdir(), "yurt-proxy-"));
  readonly #listener: Server;
  readonly #ends = new Set<Socket>();
  /** The bytes that may still pass before a connection is held; undefined: any. */
  #bytesLeft: number | undefined;
  #reached = Promise.withResolvers<void>();
  #held: readonly Socket[] = [];

  /** `target` is the socket to which it connects. */
  static async to(target: string): Promise<HoldingProxy> {
    const proxy = new HoldingProxy(target);
    await new Promise<void>((resolve) => proxy.#listener.listen(proxy.#socket, resolve));
    return proxy;
  }

  private constructor(target: string) {
    this.#socket = join(this.#folder, ".s.PGSQL.5432");
    this.#listener = createServer((client) => this.#accept(client, connect(target)));
  }

  /** A URL of the database through this proxy. */
  through(url: string): string {
    return url.replace(/path=[^&]*/, `path=${encodeURIComponent(this.#socket)}`);
  }

  /** Holds the connection that passes the last of so many bytes, in either direction. Resolves when it is held. */
  async holdAfter(bytes: number): Promise<void> {
    this.#bytesLeft = bytes;
    this.#reached = Promise.withResolvers();
    await this.#reached.promise;
  }

  /** Lets the rest pass. */
  release(): void {
    for (const socket of this.#held) socket.resume();
    this.#held = [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#ends) socket.destroy();
    await new Promise((resolve) => this.#listener.close(resolve));
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #accept(client: Socket, server: Socket): void {
    const ends = [client, server];
    client.on("data", (chunk: Buffer) => this.#pass(chunk, server, ends));
    server.on("data", (chunk: Buffer) => this.#pass(chunk, client, ends));
    const end = () => {
      client.destroy();
      server.destroy();
    };
    for (const socket of ends) {
      this.#ends.add(socket);
      socket
        .on("error", () => {})
        .on("close", () => {
          this.#ends.delete(socket);
          end();
        });
    }
  }

  #pass(chunk: Buffer, to: Socket, ends: readonly Socket[]): void {
    to.write(chunk);
    if (this.#bytesLeft === undefined) return;
    this.#bytesLeft -= chunk.byteLength;
    if (this.#bytesLeft > 0) return;
    this.#bytesLeft = undefined;
    this.#held = ends.map((socket) => socket.pause());
    this.#reached.resolve();
  }
}
