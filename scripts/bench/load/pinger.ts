import type { RunningServer } from "../servers/server.ts";
import { Samples } from "../statistics.ts";
import { encodeFrame, opcodes } from "./frames.ts";
import { LoadSocket } from "./load-socket.ts";

const ping = encodeFrame(new Uint8Array(), opcodes.ping);
const everyMs = 1;

/** Pings a server a thousand times a second: a late answer is a pause of its event loop. */
export class Pinger {
  /** Milliseconds from a ping to its pong. Answers that arrived while this process itself was late are left out. */
  readonly roundTrips = new Samples();
  /** The times of the pings that are not answered yet. */
  readonly #sentAt: number[] = [];
  #socket: LoadSocket | undefined;
  #timer: Timer | undefined;
  #tickedAt = performance.now();
  #lateAt = Number.NEGATIVE_INFINITY;

  static async connect(server: RunningServer, document: string): Promise<Pinger> {
    const pinger = new Pinger();
    pinger.#socket = await LoadSocket.connect({
      port: server.port,
      path: server.dialect.path(document),
      message: () => {},
      pong: () => pinger.#ponged(),
    });
    pinger.#timer = setInterval(() => pinger.#tick(), everyMs);
    return pinger;
  }

  close(): void {
    clearInterval(this.#timer);
    this.#socket?.close();
  }

  #tick(): void {
    const now = performance.now();
    if (now - this.#tickedAt > 3 * everyMs) this.#lateAt = now;
    this.#tickedAt = now;
    this.#sentAt.push(now);
    this.#socket?.write(ping);
  }

  #ponged(): void {
    const sentAt = this.#sentAt.shift();
    if (sentAt === undefined) return;
    const now = performance.now();
    // The answer may have arrived long ago and waited for this process.
    if (this.#lateAt >= sentAt || now - this.#tickedAt > 3 * everyMs) return;
    this.roundTrips.add(now - sentAt);
  }
}
