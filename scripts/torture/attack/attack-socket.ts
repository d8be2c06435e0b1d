import { connect, type Socket } from "node:net";

const openMs = 5_000;
const opcodes = { continuation: 0, text: 1, binary: 2, ping: 9, pong: 10 } as const;

export interface FrameOptions {
  readonly opcode?: keyof typeof opcodes;
  /** False if fragments of the same message follow. */
  readonly isLast?: boolean;
}

/** Encodes a frame of a client (RFC 6455 §5.2). Its mask is all zeros. */
export function frame(payload: string | Uint8Array, { opcode, isLast = true }: FrameOptions = {}): Uint8Array {
  const bytes = typeof payload === "string" ? new TextEncoder().encode(payload) : payload;
  const head = frameHead(bytes.byteLength);
  head[0] = (isLast ? 0x80 : 0) | opcodes[opcode ?? (typeof payload === "string" ? "text" : "binary")];
  return Buffer.concat([head, bytes]);
}

/** The head of a whole binary frame with this many bytes. */
export function frameHead(byteLength: number): Uint8Array {
  const lengthBytes = byteLength < 126 ? 0 : byteLength < 65_536 ? 2 : 8;
  const head = new Uint8Array(2 + lengthBytes + 4);
  const view = new DataView(head.buffer);
  view.setUint8(0, 0x80 | opcodes.binary);
  view.setUint8(1, 0x80 | (lengthBytes === 0 ? byteLength : lengthBytes === 2 ? 126 : 127));
  if (lengthBytes === 2) view.setUint16(2, byteLength);
  if (lengthBytes === 8) view.setBigUint64(2, BigInt(byteLength));
  return head;
}

/** The same frame as often as it fits into about 64 kB, so that one write sends many. */
export function repeated(single: Uint8Array): Uint8Array {
  return Buffer.concat(Array<Uint8Array>(Math.max(1, Math.floor(65_536 / single.byteLength))).fill(single));
}

export interface AttackSocketOptions {
  readonly path: string;
  /** The client's address, as a proxy that the server trusts would name it. */
  readonly address: string;
  /** Called with each chunk that arrives; frames are not parsed. By default chunks are dropped. */
  readonly received?: (chunk: Uint8Array) => void;
  /** Called with the number of bytes before each write; resolves when the attacker's link has room for them. */
  readonly sending: (bytes: number) => Promise<void>;
}

/** A WebSocket of an attacker on a bare TCP socket, which sends any bytes and reads when it likes to. */
export class AttackSocket {
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  readonly #sending: AttackSocketOptions["sending"];

  private constructor(socket: Socket, sending: AttackSocketOptions["sending"]) {
    this.#socket = socket;
    this.#sending = sending;
    this.closed = new Promise((resolve) => socket.once("close", () => resolve()));
  }

  /** Resolves when the WebSocket is open; with undefined when the server refuses it. */
  static async open(port: number, { path, address, received = () => {}, sending }: AttackSocketOptions) {
    const socket = connect(port, "127.0.0.1");
    // The server is expected to disconnect.
    socket.on("error", () => {});
    const opened = new AttackSocket(socket, sending);
    const lines = [
      `GET ${path} HTTP/1.1`,
      "Host: 127.0.0.1",
      `X-Forwarded-For: ${address}`,
      "Connection: Upgrade",
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
    ];
    void opened.write(new TextEncoder().encode(`${lines.join("\r\n")}\r\n\r\n`));
    const answer = new Promise<Uint8Array>((resolve) => socket.once("data", resolve));
    const first = await Promise.race([answer, opened.closed, Bun.sleep(openMs)]);
    if (!first || !new TextDecoder("latin1").decode(first).startsWith("HTTP/1.1 101")) {
      opened.destroy();
      return undefined;
    }
    socket.on("data", received);
    return opened;
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed;
  }

  /** Resolves when the kernel has taken the bytes, or when the connection is closed. */
  async write(bytes: Uint8Array): Promise<void> {
    await this.#sending(bytes.byteLength);
    if (!this.isOpen) return;
    const written = new Promise<void>((resolve) => this.#socket.write(bytes, () => resolve()));
    await Promise.race([written, this.closed]);
  }

  /** Stops reading: answers pile up at the server. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
