import { AttackSocket, type AttackSocketOptions } from "./attack-socket.ts";

/** The documents that a server under attack holds, and the rooms that honest clients use. */
export const documents = {
  /** The honest pair works in it. */
  pair: "pair",
  /** 3 MB; honest visitors join it. */
  visited: "visited",
  /** 516 kB of tiny structs by many clients. */
  history: "cost-seeded",
  /** 44 MB. */
  large: "large",
} as const;

export interface AttackerOptions {
  readonly port: number;
  /** The address that its requests name, so that the limits per address hold for them. */
  readonly address: string;
  readonly seconds: number;
  /** The bandwidth of its link to the server. */
  readonly bytesPerSecond: number;
}

/** A write waits if its turn on the link is later than so many milliseconds. */
const linkDelayMs = 5;

/**
 * The means of one attack. It counts the bytes that it sends, and closes its connections when the attack is over: a write
 * to a server that no longer reads would never end.
 */
export class Attacker {
  readonly #port: number;
  readonly #address: string;
  readonly #overAt: number;
  readonly #bytesPerSecond: number;
  /** The time at which the link has sent everything so far. */
  #linkFreeAt = 0;
  readonly #sockets = new Set<AttackSocket>();
  #sentBytes = 0;
  #names = 0;

  constructor({ port, address, seconds, bytesPerSecond }: AttackerOptions) {
    this.#bytesPerSecond = bytesPerSecond;
    this.#port = port;
    this.#address = address;
    this.#overAt = performance.now() + seconds * 1_000;
    setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, seconds * 1_000);
  }

  get isOver(): boolean {
    return performance.now() >= this.#overAt;
  }

  get leftMs(): number {
    return Math.max(0, this.#overAt - performance.now());
  }

  get sentBytes(): number {
    return this.#sentBytes;
  }

  /** A number that no other call has returned. */
  next(): number {
    this.#names += 1;
    return this.#names;
  }

  /** Opens a WebSocket; undefined when the server refuses it. */
  async open(path: string, received?: AttackSocketOptions["received"]): Promise<AttackSocket | undefined> {
    const options = { path, address: this.#address, sending: this.#send };
    const socket = await AttackSocket.open(this.#port, { ...options, ...(received && { received }) });
    if (socket === undefined) return undefined;
    this.#sockets.add(socket);
    void socket.closed.then(() => this.#sockets.delete(socket));
    if (this.isOver) socket.destroy();
    return socket;
  }

  /** Opens a WebSocket, and sends what `writing` yields until the attack is over or the connection is closed. */
  async pour(path: string, writing: (socket: AttackSocket) => Iterable<Uint8Array>): Promise<void> {
    const socket = await this.open(path);
    if (socket === undefined) return;
    for (const bytes of writing(socket)) {
      if (this.isOver || !socket.isOpen) break;
      await socket.write(bytes);
    }
    socket.destroy();
  }

  /** Opens a WebSocket, sends these bytes, and stays until the attack is over or the connection is closed. */
  async hold(path: string, bytes: Iterable<Uint8Array>): Promise<void> {
    const socket = await this.open(path);
    for (const piece of bytes) await socket?.write(piece);
    await socket?.closed;
  }

  /** Sends a request, and reads its answer to the end; undefined when the server disconnects. */
  async request(path: string, init: RequestInit = {}): Promise<string | undefined> {
    const headers = { ...init.headers, "x-forwarded-for": this.#address };
    const body = typeof init.body === "string" ? init.body.length : 0;
    await this.#send(path.length + 100 + body);
    const signal = AbortSignal.timeout(this.leftMs + 1_000);
    return fetch(`http://127.0.0.1:${this.#port}${path}`, { ...init, headers, signal }).then(
      (response) => response.text(),
      () => undefined,
    );
  }

  readonly #send = async (bytes: number): Promise<void> => {
    this.#sentBytes += bytes;
    const now = performance.now();
    const startsAt = Math.max(now, this.#linkFreeAt);
    this.#linkFreeAt = startsAt + (bytes * 1_000) / this.#bytesPerSecond;
    if (startsAt > now + linkDelayMs) await Bun.sleep(Math.min(startsAt - now, this.leftMs));
  };
}

/** The actions of one attacking connection; started again when it ends, until the attack is over. */
export type Play = (attacker: Attacker, index: number) => Promise<void>;

export interface Attack {
  /** Lower-case words with hyphens, for `--attack`. */
  readonly name: string;
  /** The number of connections that attack at once. */
  readonly connections: number;
  /** The settings that the attacked server needs; by default access is open. */
  readonly server?: "webhook" | "token" | "terminal";
  /** Makes what the connections send, before the attack begins. */
  readonly prepare: () => Play | Promise<Play>;
}
