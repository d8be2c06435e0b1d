import { mkdtempSync, rmSync } from "node:fs";
import { createConnection, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The first byte of the message that has a notification (PostgreSQL's documentation, "Message Formats"). */
const notificationResponse = 0x41;

interface Path {
  readonly client: Socket;
  readonly server: Socket;
}

/** A proxy between unix sockets that breaks connections to Postgres, and loses notifications, until it is disposed of. */
export class DatabaseProxy implements Disposable {
  readonly socket: string;
  readonly #folder = mkdtempSync(join(tmpdir(), "yurt-proxy-"));
  readonly #listener: Server;
  readonly #paths = new Set<Path>();
  #isCut = false;
  #isHeard: (payload: string) => boolean = () => true;

  #target: string;

  private constructor(target: string) {
    this.socket = join(this.#folder, ".s.PGSQL.5432");
    this.#target = target;
    this.#listener = createServer((client) => this.#accept(client));
  }

  static async open(target: string): Promise<DatabaseProxy> {
    const proxy = new DatabaseProxy(target);
    await new Promise<void>((resolve) => proxy.#listener.listen(proxy.socket, resolve));
    return proxy;
  }

  /** A URL of the database through this proxy. */
  through(url: string): string {
    return url.replace(/path=[^&]*/, `path=${encodeURIComponent(this.socket)}`);
  }

  /** Breaks all connections. New ones can be opened. */
  break(): void {
    for (const { client, server } of this.#paths) {
      client.destroy();
      server.destroy();
    }
  }

  /** Breaks all connections. New ones go to another server. */
  turnTo(target: string): void {
    this.#target = target;
    this.break();
  }

  /** Breaks all connections, also new ones, until `heal`. */
  cut(): void {
    this.#isCut = true;
    this.break();
  }

  heal(): void {
    this.#isCut = false;
  }

  /** Loses the notifications for which `isHeard` is false. */
  filter(isHeard: (payload: string) => boolean): void {
    this.#isHeard = isHeard;
  }

  [Symbol.dispose](): void {
    this.break();
    this.#listener.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #accept(client: Socket): void {
    if (this.#isCut) {
      client.destroy();
      return;
    }
    const server = createConnection(this.#target);
    const path = { client, server };
    this.#paths.add(path);
    forward(client, server, (chunk) => chunk);
    forward(server, client, (chunk) => this.#withoutUnheard(chunk));
    const end = () => {
      this.#paths.delete(path);
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) socket.on("close", end).on("error", end);
  }

  /** Notifications come in chunks of their own, as long as the connection only listens. */
  #withoutUnheard(chunk: Buffer): Buffer {
    const kept: Buffer[] = [];
    let rest = chunk;
    while (rest.byteLength > 9 && rest[0] === notificationResponse) {
      const end = 1 + rest.readUInt32BE(1);
      if (end > rest.byteLength) break;
      const [, payload = ""] = rest.subarray(9, end).toString().split("\u0000");
      if (this.#isHeard(payload)) kept.push(rest.subarray(0, end));
      rest = rest.subarray(end);
    }
    return Buffer.concat([...kept, rest]);
  }
}

function forward(from: Socket, to: Socket, change: (chunk: Buffer) => Buffer): void {
  from.on("data", (chunk: Buffer) => {
    if (to.write(change(chunk))) return;
    from.pause();
    to.once("drain", () => from.resume());
  });
}
