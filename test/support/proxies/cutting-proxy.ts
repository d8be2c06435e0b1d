import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

interface Link {
  readonly client: Socket;
  readonly server: Socket;
}

/**
 * A proxy between unix sockets whose network can be cut: nothing passes then, in either direction, and neither side is
 * told. Connections that are opened meanwhile are accepted, and get no answer.
 */
export class CuttingProxy implements AsyncDisposable {
  readonly socket: string;
  readonly #folder = mkdtempSync(join(tmpdir(), "yurt-proxy-"));
  readonly #target: string;
  readonly #listener: Server;
  readonly #links = new Set<Link>();
  /** The connections that were opened during the cut. */
  readonly #waiting = new Set<Socket>();
  #isCut = false;

  /** `target` is the socket to which it connects. */
  static async to(target: string): Promise<CuttingProxy> {
    const proxy = new CuttingProxy(target);
    await new Promise<void>((resolve) => proxy.#listener.listen(proxy.socket, resolve));
    return proxy;
  }

  private constructor(target: string) {
    this.socket = join(this.#folder, ".s.PGSQL.5432");
    this.#target = target;
    this.#listener = createServer((client) => this.#accept(client));
  }

  cut(): void {
    this.#isCut = true;
    for (const { client, server } of this.#links) {
      client.unpipe(server).pause();
      server.unpipe(client).pause();
    }
  }

  /**
   * Ends the cut. What was sent meanwhile arrives, as by TCP's retransmissions; with `forgets`, the connections that were
   * open are reset instead, as by a router that has forgotten them.
   */
  mend({ forgets = false } = {}): void {
    this.#isCut = false;
    for (const link of [...this.#links]) {
      if (forgets) this.#end(link);
      else pass(link);
    }
    for (const client of this.#waiting) this.#connect(client);
    this.#waiting.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const link of [...this.#links]) this.#end(link);
    for (const client of this.#waiting) client.destroy();
    await new Promise((resolve) => this.#listener.close(resolve));
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #accept(client: Socket): void {
    client.on("error", () => {});
    if (!this.#isCut) {
      this.#connect(client);
      return;
    }
    client.pause();
    this.#waiting.add(client);
    client.once("close", () => this.#waiting.delete(client));
  }

  #connect(client: Socket): void {
    const server = connect(this.#target);
    const link = { client, server };
    this.#links.add(link);
    server.on("error", () => {});
    for (const socket of [client, server]) socket.on("close", () => this.#end(link));
    pass(link);
  }

  #end(link: Link): void {
    if (!this.#links.delete(link)) return;
    link.client.destroy();
    link.server.destroy();
  }
}

function pass({ client, server }: Link): void {
  client.pipe(server);
  server.pipe(client);
}
