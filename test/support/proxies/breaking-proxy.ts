import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Socket } from "bun";

/** The type of the message that has a notification (PostgreSQL's documentation, "Message Formats"). */
const notificationResponse = 0x41;

/** The side of a connection that a proxy has accepted. */
interface Accepted {
  /** Resolves with the side that the proxy has opened. */
  readonly server: Promise<Socket<Socket<Accepted>>>;
}

/**
 * How a connection breaks: with `request`, before the next request has left, which never arrives. With `late-request`, the
 * request arrives when `deliver` is called. With `answer`, before the next answer arrives.
 */
export type Breakage = "request" | "late-request" | "answer";

/** A proxy between unix sockets that breaks connections at a chosen moment, until it is disposed of. */
export class BreakingProxy implements Disposable {
  readonly socket: string;
  readonly #folder = mkdtempSync(join(tmpdir(), "yurt-proxy-"));
  readonly #target: string;
  readonly #clients = new Set<Socket<Accepted>>();
  #listener: Bun.UnixSocketListener<Accepted>;
  #isRefusing = false;
  #next: Breakage | undefined;
  /** The connections that have sent LISTEN, and whether they still hear anything. */
  readonly #listening = new Set<Socket<Accepted>>();
  #isDeaf = false;
  #late: (() => void) | undefined;
  readonly #answered = Promise.withResolvers<void>();

  constructor(target: string) {
    this.socket = join(this.#folder, ".s.PGSQL.5432");
    this.#target = target;
    this.#listener = this.#listen();
  }

  /** Has the connection of the next request or answer break. */
  breakNext(breakage: Breakage): void {
    this.#next = breakage;
  }

  /** Refuses new connections, until `accept`. When the next one breaks, all do. */
  refuse(): void {
    this.#isRefusing = true;
    this.#listener.stop();
    rmSync(this.socket, { force: true });
  }

  accept(): void {
    this.#isRefusing = false;
    this.#listener = this.#listen();
  }

  /** From now on, connections of `LISTEN` receive no notifications any more, and stay open. */
  deafen(): void {
    this.#isDeaf = true;
  }

  /** Sends the request on that was held, to the server's side of its broken connection. Resolves with the answer. */
  async deliver(): Promise<void> {
    if (this.#late === undefined) throw new Error("no request was held");
    this.#late();
    await this.#answered.promise;
  }

  [Symbol.dispose](): void {
    this.#listener.stop(true);
    rmSync(this.#folder, { recursive: true });
  }

  #listen(): Bun.UnixSocketListener<Accepted> {
    return Bun.listen<Accepted>({
      unix: this.socket,
      socket: {
        open: (client) => {
          this.#clients.add(client);
          client.data = { server: this.#connect(client) };
        },
        data: async (client, bytes) => this.#forwardRequest(client, Buffer.from(bytes), await client.data.server),
        close: async (client) => {
          this.#clients.delete(client);
          this.#listening.delete(client);
          (await client.data.server).end();
        },
      },
    });
  }

  #connect(client: Socket<Accepted>): Promise<Socket<Socket<Accepted>>> {
    return Bun.connect<Socket<Accepted>>({
      unix: this.#target,
      data: client,
      socket: {
        data: (server, bytes) => {
          if (this.#late !== undefined && !this.#clients.has(server.data)) this.#answered.resolve();
          if (this.#isDeaf && this.#listening.has(server.data) && bytes[0] === notificationResponse) return;
          if (this.#next === "answer") this.#break(server.data);
          else server.data.write(bytes);
        },
        close: (server) => void server.data.end(),
      },
    });
  }

  #forwardRequest(client: Socket<Accepted>, bytes: Buffer, server: Socket<Socket<Accepted>>): void {
    if (bytes.includes("LISTEN")) this.#listening.add(client);
    if (this.#next === undefined || this.#next === "answer") {
      server.write(bytes);
      return;
    }
    if (this.#next === "late-request") {
      this.#late = () => void server.write(bytes);
      // The server's side stays open.
      client.data = { server: Promise.withResolvers<Socket<Socket<Accepted>>>().promise };
    }
    this.#break(client);
  }

  #break(client: Socket<Accepted>): void {
    this.#next = undefined;
    client.terminate();
    if (this.#isRefusing) for (const other of this.#clients) other.terminate();
  }
}
